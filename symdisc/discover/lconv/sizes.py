"""How much is worked on at once: what is computed with, and what the estimate of memory counts."""

SMALL = 12
# Bytes of x and y that are kept in memory; that are kept with all that is worked out of them, some thirty times as
# much; and numbers of one block. Constants, so that results do not depend on what happens to be free. A GPU has much
# memory and is slow on little work: there the last two are larger.
KEPT = 2**31
WORKED = 2**27
BLOCK = 2**20
ON_GPU = 8
