import { Strategy } from 'passport';

type Done = (error: unknown, user?: object | false) => void;
type Verify<T> = (credential: T, request: AuthorizedRequest, done: Done) => void;

/** What strategies look at. */
export interface AuthorizedRequest {
  headers: { authorization?: string | undefined };
  query?: unknown;
}

/** Passport strategy for one form of the Authorization header; `PassportStrategy` makes `verify` of `validate`. */
export class AuthorizationStrategy<T> extends Strategy {
  /** `read` answers undefined for a header of another form, which is then another strategy's business. */
  constructor(
    private readonly read: (header: string | undefined) => T | undefined,
    private readonly verify: Verify<T>,
  ) {
    super();
  }

  override authenticate(request: AuthorizedRequest): void {
    const credential = this.read(request.headers.authorization);
    if (credential === undefined) {
      this.fail(401);
      return;
    }
    this.verify(credential, request, (error, user) => {
      if (error) this.error(error);
      else if (user) this.success(user);
      else this.fail(401);
    });
  }
}
