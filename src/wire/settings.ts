// The settings that a server runs with, as the operator sees them.
import Type from 'typebox';

export const SettingsWire = Type.Object({
  results: Type.Array(Type.Object({ name: Type.String(), value: Type.String(), from: Type.String() })),
});
