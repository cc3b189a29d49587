/** Ends a transaction whose name another one took first. */
export class NameTaken extends Error {
  constructor(name: string) {
    super(`the name ${name} is taken`);
    this.name = 'NameTaken';
  }
}
