// Decimal numbers as clients of the venue write them in orders.

export const MAX_DECIMAL_LENGTH = 40;
/** A number >= 0 as Python's Decimal, Java's BigDecimal and the like write it, for example `0`, `0.10` and `5E-4`. */
export const decimalText = /^(0|[1-9][0-9]*)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?$/;
