// What a key can do, and what it cannot.

export interface Powers {
  readonly can: readonly string[];
  readonly cannot: readonly string[];
}

export const powers: Readonly<Record<'token' | 'subkey', Powers>> = {
  token: {
    can: ['Read balances, orders, fills and positions'],
    cannot: ['Place or cancel orders', 'Withdraw or transfer', 'Add, change or delete keys'],
  },
  subkey: {
    can: ['Place, change and cancel orders', 'Read balances and positions'],
    cannot: ['Withdraw or transfer', 'Add, change or delete keys'],
  },
};
