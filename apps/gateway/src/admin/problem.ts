/** A refusal of the operator API, as RFC 9457 writes it. `detail` says what to do; it never holds a secret. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly title: string,
    readonly detail?: string,
  ) {
    super(title);
    this.name = 'Problem';
  }
}
