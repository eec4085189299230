/** What the body of an order route holds: its owner's signatures are checked before it is forwarded (docs/orders.md). */
export const orderForms = ['new', 'modify', 'batch', 'algo'] as const;
export type OrderForm = (typeof orderForms)[number];
