"""Where relevance and hits lie: enrichment in annotated features, and genomes ranked by their predictions.

`annotation` reads GFF3, GTF and BED, `derive` adds introns, untranslated regions, promoters and what lies between genes,
`signal` is the track, `rotation` the null model, `run` makes the tables, `genomes` ranks.
"""

from .genomes import rank_genomes
from .run import EnrichJob, enrich

__all__ = ["EnrichJob", "enrich", "rank_genomes"]
