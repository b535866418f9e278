-- Words for what cannot be seen: pandoc's Typst has none for pictures and equations. Boxes, whose
-- class its Typst forgets. Paragraphs that stay on the page of what they lead to: an equation, or
-- code. And numbers for figures, which its HTML has not.

local function quoted(text)
  return '"' .. text:gsub("\\", "\\\\"):gsub('"', '\\"'):gsub("%s+", " ") .. '"'
end

local function typst(blocks)
  return (pandoc.write(pandoc.Pandoc(blocks), "typst"):gsub("%s+$", ""))
end

local function image_in(figure)
  local found
  figure:walk({ Image = function(image) found = image end })
  return found
end

local function equation(math)
  local block = math.mathtype == "DisplayMath" and "true" or "false"
  local call = "#math.equation(block: %s, alt: %s, %s)"
  local body = typst({ pandoc.Plain({ math }) })
  return pandoc.RawInline("typst", call:format(block, quoted(math.text), body))
end

local function picture(figure)
  local image = image_in(figure)
  local call = "#figure(image(%s, alt: %s, width: 100%%), caption: [%s]) <%s>"
  local caption = typst(figure.caption.long)
  local alt = quoted(pandoc.utils.stringify(image.caption)) -- pandoc put the words of alt there
  return pandoc.RawBlock("typst", call:format(quoted(image.src), alt, caption, figure.identifier))
end

local function listing(code)
  if code.classes:includes("alone") then
    return pandoc.RawBlock("typst", "#alone[\n" .. typst({ code }) .. "\n]")
  end
end

local function box(div)
  return pandoc.RawBlock("typst", "#" .. div.classes[1] .. "[" .. typst(div.content) .. "]")
end

local function is_equation(block)
  local first = block.t == "Para" and block.content[1]
  return first and first.t == "Math" and first.mathtype == "DisplayMath"
end

-- Keeps a paragraph with what it leads to, and the heading above with both.
local function kept(blocks)
  for place = #blocks - 1, 1, -1 do
    local above, block, follower = blocks[place - 1], blocks[place], blocks[place + 1]
    local leads = is_equation(follower) or follower.t == "CodeBlock"
      or (follower.t == "Div" and above and above.t == "Header")
    if block.t == "Para" and not is_equation(block) and leads then
      blocks[place] = pandoc.Div(block, { class = "kept" })
    end
  end
  return blocks
end

local function numbered(figure)
  local number = figure.identifier:match("%d+$")
  figure.caption.long[1].content:insert(1, pandoc.Strong("Figure " .. number .. "."))
  figure.caption.long[1].content:insert(2, pandoc.Space())
  return figure
end

if FORMAT == "typst" then
  return { { Blocks = kept }, { Math = equation }, { Figure = picture, Div = box, CodeBlock = listing } }
end
return { { Figure = numbered } }
