"""The losses, each a function of sums over pixels.

A loss has two steps: `sums(features, guides)` returns arrays that add over disjoint sets of positions, and
`value(sums, targets)` turns their total into a scalar. The whole image is one set of positions; an image in tiles is
several, whose sums are added before `value`, and nothing is approximated.

`features` maps layers to float32 (1, h, w, channels), and "image" to the pixels themselves (1, height, width, 3) in
0..255. `guides` are the loss's own arrays over positions, cut like the features of the layer they are named by;
`targets` are those that are over none.
"""
