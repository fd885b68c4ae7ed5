"""How good relevance is, one number per input, for DNA (N, L) and images (N, H, W).

Pure functions of arrays: `measures` sets relevance against a truth mask and says how sparse it is, `controls` makes what
pruned relevance has to beat, `faithfulness` asks the model, `bootstrap` makes means and paired differences with intervals,
`rows` is the shape all of them share. `methods` names every method that is compared, `peers` those that are not
LRP, `attribution` runs them, `sanity` asks whether a method's relevance changes with the model, `choose` picks the share
that is pruned. `comparison` measures many methods on one model, `truth` reads masks, `summary` and `tables` write what came
out as data and as text, `run` is `lrpgen evaluate`.
docs/measures.md defines each, docs/evaluation.md says what came out.
"""
