/** A refusal of the REST API in GitHub's form. `message` says what to do; it never holds a secret. */
export class RestRefusal extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly headers: Record<string, string> = {},
  ) {
    super(message);
    this.name = 'RestRefusal';
  }
}

/** What is not there and what the caller may not see are told alike. */
export const notFound = (): never => {
  throw new RestRefusal(404, 'Not Found');
};
