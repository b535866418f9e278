import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { load, wire } from "./modules.mjs";

const { read } = await load("kit");
const { exactly, factsOf, valuesOf } = await load("maps");
const { decoder, fillCoded } = await load("coded");
const { fillPixels, limitsOf, LEVELS } = await load("paint");

/** Numbers that repeat, from `low` to 1. */
const some = (length, low, seed = 1) =>
  Float32Array.from({ length }, () => low + ((seed = (seed * 48271) % 2147483647) / 2147483647) * (1 - low));

/** Maps as the kernel sends large ones, coded by the rule in words. */
function coded(maps, chosen = 0) {
  const [channels, rows, columns] = maps.shape;
  const area = rows * columns;
  const codes = new Uint8Array(maps.data.length);
  const [ends, counts] = [new Float32Array(2 * channels), new Uint32Array(2 * channels)];
  for (let channel = 0; channel < channels; channel++) {
    const values = [...maps.data.subarray(channel * area, (channel + 1) * area)];
    const finite = values.filter(Number.isFinite);
    ends[channel] = Math.min(Infinity, ...finite);
    ends[channels + channel] = Math.max(-Infinity, ...finite);
    counts[channel] = area - finite.length;
    counts[channels + channel] = Math.max(0, values.indexOf(ends[channels + channel]));
    const limit = Math.max(0, ...finite.map(Math.abs));
    const low = ends[channel] < 0 ? -limit : 0;
    values.forEach((value, i) => {
      const code = limit ? Math.round(((value - low) / (limit - low)) * 254) : 0;
      codes[channel * area + i] = Number.isFinite(value) ? code : 255;
    });
  }
  const values = maps.data.slice(chosen * area, (chosen + 1) * area);
  const beside = { number: 7, channel: chosen, values: wire([rows, columns], values) };
  return {
    ...wire(maps.shape, codes),
    coded: { ...beside, ends: wire([2, channels], ends), counts: wire([2, channels], counts) },
  };
}

const holed = () => {
  const data = some(4 * 6 * 5, -0.7);
  data.set(some(30, 0, 5), 30); // the second channel has nothing below zero
  data.fill(0, 60, 90); // the third is silent
  [data[2], data[33], data[95]] = [NaN, Infinity, -Infinity];
  return { shape: [4, 6, 5], data };
};

describe("large maps", () => {
  test("have the same facts as their numbers", () => {
    const maps = holed();
    assert.deepEqual(factsOf(read(coded(maps))), factsOf(maps));
  });

  test("without a finite number have the same facts too", () => {
    const maps = { shape: [1, 2, 2], data: new Float32Array(4).fill(NaN) };
    assert.deepEqual(factsOf(read(coded(maps))), factsOf(maps));
  });

  test("are coloured as their numbers are, one level of 257 apart at most", () => {
    const maps = holed();
    const large = read(coded(maps));
    const facts = factsOf(maps);
    for (let channel = 0; channel < 4; channel++) {
      for (const limits of [facts.each[channel], facts.shared]) {
        const start = channel * facts.area;
        const grey = new Uint8ClampedArray(4 * facts.area);
        fillPixels(maps.data, start, facts.area, "grey", limits, grey);
        const pixels = new Uint32Array(facts.area);
        const codes = large.data.subarray(start, start + facts.area);
        fillCoded(codes, decoder(facts.each[channel]), "grey", limits, pixels);
        const found = new Uint8ClampedArray(pixels.buffer);
        for (let i = 0; i < grey.length; i++) {
          const apart = Math.abs(found[i] - grey[i]);
          // A level of grey is 255/256 of a step of a byte.
          assert.ok(i % 4 === 3 ? apart === 0 : apart <= 1, `${channel} ${i}: ${found[i]}, not ${grey[i]}`);
        }
      }
    }
    assert.equal(LEVELS, 257);
  });

  test("keep the colour of zero", () => {
    for (const low of [-1, 0]) {
      const data = Float32Array.of(low, 0, 1, 0.25);
      const limits = limitsOf(data);
      const codes = read(coded({ shape: [1, 2, 2], data })).data;
      assert.ok(decoder(limits)(codes[1]) === 0);
      assert.ok(decoder(limits)(codes[2]) === 1);
    }
  });

  test("have the exact numbers of the channel that came along, and tell the others apart", () => {
    const maps = holed();
    const large = read(coded(maps, 3));
    const exact = valuesOf(large, 3);
    assert.equal(exact.exact, true);
    assert.deepEqual([...exact.data.subarray(exact.start, exact.start + 30)], [...maps.data.subarray(90)]);
    const near = valuesOf(large, 0);
    assert.equal(near.exact, false);
    const half = factsOf(maps).each[0].high / 254;
    for (let i = 0; i < 30; i++) {
      if (Number.isFinite(maps.data[i])) assert.ok(Math.abs(near.data[i] - maps.data[i]) <= half * 1.0001);
      else assert.ok(Number.isNaN(near.data[i]));
    }
  });

  test("that are small have all their numbers", () => {
    const maps = holed();
    assert.deepEqual(valuesOf(maps, 2), { data: maps.data, start: 60, exact: true });
  });
});

describe("asking for exact numbers", () => {
  /** A stage that notes what it is asked. */
  function stage(maps) {
    const heard = new Map();
    return {
      sent: [],
      get: () => maps,
      send(content) {
        this.sent.push(content);
      },
      on: (name, fn) => heard.set(name, fn),
      off: (name) => heard.delete(name),
      reply: (...message) => heard.get("msg:custom")?.(...message),
      heard,
    };
  }

  test("is done once for each channel that is not here, and brings its numbers", () => {
    const maps = holed();
    const state = stage(coded(maps, 3));
    let arrived = 0;
    const aborter = new AbortController();
    const want = exactly(state, () => arrived++, aborter.signal);
    want(3);
    want(0);
    want(0);
    assert.deepEqual(state.sent, [{ want: "values", number: 7, channel: 0 }]);
    const bytes = maps.data.slice(0, 30);
    state.reply({ number: 6, channel: 0 }, [new DataView(bytes.buffer)]); // of maps that are gone
    assert.equal(valuesOf(read(state.get()), 0).exact, false);
    state.reply({ number: 7, channel: 0 }, [new DataView(bytes.buffer)]);
    assert.deepEqual([...valuesOf(read(state.get()), 0).data], [...bytes]);
    assert.equal(arrived, 1);
    want(0);
    assert.equal(state.sent.length, 1);
    aborter.abort();
    assert.equal(state.heard.size, 0);
  });

  test("is not done for small maps", () => {
    const maps = holed();
    const state = stage(wire(maps.shape, maps.data));
    exactly(state, () => assert.fail("nothing was asked"), new AbortController().signal)(0);
    assert.deepEqual(state.sent, []);
  });
});
