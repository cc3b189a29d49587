/** Another service cannot be reached, did not answer in time, or failed. `statusCode` is what a client should be told. */
export class ServiceFault extends Error {
  override readonly name = 'ServiceFault';

  constructor(
    message: string,
    readonly statusCode: number,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
