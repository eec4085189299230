// An error of the page's own, whose message is written for the person.
export class Worded extends Error {
  override readonly name: string = 'Worded';
}
