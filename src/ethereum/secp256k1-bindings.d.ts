// What we call of the npm package secp256k1 5.0.2, and only of its native half: its main entry falls back to another curve library.
declare module 'secp256k1/bindings.js' {
  export interface Secp256k1Bindings {
    /**
     * `signature` is r and s, 32 bytes each; `recoveryId` 0 to 3; `digest` 32 bytes. With `compressed` false, 65 bytes.
     * Throws an Error for anything that no key could have signed.
     */
    ecdsaRecover(signature: Uint8Array, recoveryId: number, digest: Uint8Array, compressed: boolean): Uint8Array;
  }

  const bindings: Secp256k1Bindings;
  export default bindings;
}
