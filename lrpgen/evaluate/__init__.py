"""How good relevance is, one number per input, for DNA (N, L) and images (N, H, W).

Pure functions of arrays: `measures` sets relevance against a truth mask and says how sparse it is, `controls` makes what
pruned relevance has to beat, `faithfulness` asks the model, `bootstrap` makes means and paired differences with intervals,
`rows` is the shape all of them share. `methods` is the door to every method that is compared, `peers` those that are not
LRP, `sanity` asks whether a method's relevance changes with the model, `choose` picks the share that is pruned.
docs/evaluation.md defines each.
"""
