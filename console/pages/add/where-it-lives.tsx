// Where the private key of a new subkey will be. It is chosen before it is registered: a key that is active cannot be handed over.
import type { About } from '../../../src/client/shapes.ts';
import { Chips } from '../../parts/chips.tsx';
import { TextField } from '../../parts/text-field.tsx';
import { noPhoneBecause, type Place } from './draft.ts';

interface WhereItLivesProps {
  place: Place;
  onPlace: (place: Place) => void;
  publicKey: string;
  onPublicKey: (publicKey: string) => void;
  problem: string | undefined;
  about: About | undefined;
}

export function WhereItLives({ place, onPlace, publicKey, onPublicKey, problem, about }: WhereItLivesProps) {
  return (
    <>
      <Chips
        legend="Where will it live?"
        value={place}
        onChange={onPlace}
        options={[
          { value: 'here', label: 'On this computer' },
          { value: 'phone', label: 'On my phone', disabledBecause: about && noPhoneBecause(about) },
          { value: 'elsewhere', label: 'I have a public key already' },
        ]}
        hint={hints[place]}
      />
      {place === 'elsewhere' && (
        <TextField
          label="Public key"
          hint="0x and up to 64 characters. Never paste a private key here: this one is sent."
          error={problem}
          value={publicKey}
          onChange={onPublicKey}
          mono
        />
      )}
    </>
  );
}

const hints: Readonly<Record<Place, string>> = {
  here: 'The private key is made in this page, shown once, and never sent.',
  phone: 'Next you see a code to scan. It works once, within two minutes.',
  elsewhere: 'Nothing secret is made here.',
};
