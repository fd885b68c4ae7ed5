"""How good relevance is, one number per input: pure functions of arrays, for DNA (N, L) and images (N, H, W).

`measures` sets relevance against a truth mask and says how sparse it is, `controls` makes what pruned relevance has to
beat, `faithfulness` asks the model, `bootstrap` makes means and paired differences with intervals, `rows` is the shape
all of them share. docs/evaluation.md defines each with an example by hand.
"""
