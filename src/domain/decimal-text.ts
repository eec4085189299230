// Decimal numbers as clients of the venue write them in orders.

export const MAX_DECIMAL_LENGTH = 40;
/** What Python's Decimal, Java's BigDecimal and their like write of a number that is not below zero, `0`, `0.10` and `5E-4` among it. */
export const decimalText = /^(0|[1-9][0-9]*)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?$/;
