// @ts-check
// The field's words, in a sentence each; the help of a card explains those that it uses.

export const GLOSSARY = {
  ablation: "taking a part of the network away, to see what it is worth",
  accuracy: "the share of images whose likeliest class is their label",
  batch: "the images that one step learns from together",
  bias: "a number that a filter adds to each of its sums",
  channel: "one of the maps that a layer gives or reads",
  convolution: "lays the kernels of each filter over the maps, place by place",
  epoch: "one pass over all the images of the training",
  "feature map": "what one channel of a layer gives for an image: a number at each place",
  filter: "the weights that make one channel: a kernel for each channel that the layer reads",
  gradient: "how fast the loss grows with a weight; a step goes the other way",
  kernel: "a small grid of weights, laid over a map place by place; the sum of the products there is its answer",
  label: "the class that an image has in its set",
  layer: "one operation of the network; it reads what layers before it give",
  "learning rate": "how far a step moves the weights",
  linear: "adds up all that it reads, each number times a weight of its own",
  logit: "the number that the network computes for a class, before softmax",
  loss:
    "how wrong the network is: −ln of the probability that it gave the label; 0 is best, " +
    "and guessing among ten costs 2.3",
  "max pooling": "keeps the largest number of each small square, which makes maps smaller",
  misread: "of an image: the network takes it for another class than its label",
  nat: "the unit of a loss that is taken with the natural logarithm",
  padding: "a frame of zeros around a map, so that kernels reach its edge",
  patch: "the values that a kernel lies on",
  "percentage point": "the difference between two shares in per cent: from 90 % to 92 % are two",
  pinned: "kept as it is now, to compare with what comes",
  probability:
    "softmax of the logits, e to the power of each over the sum of all those: how sure the network is, " +
    "not how often it is right",
  "receptive field": "the pixels of the image that a value can depend on",
  ReLU: "lets numbers above zero pass and makes the others zero",
  shape: "channels × rows × columns",
  silent: "of a channel: zero everywhere for this image",
  step: "one change of all weights, from one batch",
  stride: "how far a kernel moves from one place to the next",
  weight: "a number that the network multiplies by, and that training changes",
  Δ: "shows what changes from the moment that it is pressed",
};

/** A word of the glossary. @typedef {keyof typeof GLOSSARY} Term */
