import { z } from 'zod';

/** How long a caller waits, in milliseconds. A database that is busy makes a statement wait for a connection and a lock. */
const LOOK_MS = 15_000;
const CHANGE_MS = 30_000;

/** One method of a port as it travels between services. */
export interface MethodContract {
  /** All arguments, as a tuple. Properties that it does not name are dropped: a newer caller may send them. */
  arguments: z.ZodType<unknown[]>;
  answer: z.ZodType;
  /** Whether a call whose answer was lost may be made again. */
  isRepeatable: boolean;
  /** Milliseconds from the call to the answer; then the caller gives up. */
  deadline: number;
  /** Calls that wait at the same moment travel as one message. */
  isBatched: boolean;
  /** The answer never changes: one is enough for the life of the caller. */
  isConstant?: boolean;
}

/** A port as a service of its own: every method of it, and no other. */
export interface Contract<P> {
  /** Its name on the wire: the port's. */
  service: string;
  port: abstract new (...args: never[]) => P;
  methods: { readonly [M in keyof P & string]: MethodContract };
}

/** What a contract is made of, with the types that its schemas give. */
interface TypedMethod<A, R> extends MethodContract {
  /** Never set: it makes schemas that say less or more than the port's types an error. */
  readonly types?: { arguments: (value: A) => A; answer: (value: R) => R };
}

type Plain = string | number | bigint | boolean | null | undefined | Date;

/** A type as it arrives: optional properties spelled out, so that a schema that forgot one does not fit. */
type Complete<T> = T extends void
  ? undefined
  : T extends Plain
    ? T
    : T extends Uint8Array
      ? Uint8Array
      : { -readonly [K in keyof T]-?: Complete<T[K]> };

type MethodsOf<P> = {
  [M in keyof P & string]: P[M] extends (...args: infer A) => Promise<infer R>
    ? TypedMethod<Complete<A>, Complete<R>>
    : never;
};

/** The contract of a port. A method without one, or with schemas of other types than the port's, does not compile. */
export const contract = <P>(port: abstract new (...args: never[]) => P, methods: MethodsOf<P>): Contract<P> => ({
  service: port.name,
  port,
  methods,
});

const method =
  (kind: Omit<MethodContract, 'arguments' | 'answer'>) =>
  <const A extends readonly z.ZodType[], R extends z.ZodType>(
    args: A,
    answer: R,
    more: { deadline?: number } = {},
  ): TypedMethod<Complete<{ [I in keyof A]: z.output<A[I]> }>, Complete<z.output<R>>> => ({
    arguments: z.tuple(args as unknown as [z.ZodType, ...z.ZodType[]]),
    answer,
    ...kind,
    ...more,
  });

/** Changes nothing. */
export const look = method({ isRepeatable: true, deadline: LOOK_MS, isBatched: false });

/** Answers the same for ever. */
export const constant = method({ isRepeatable: true, deadline: LOOK_MS, isBatched: false, isConstant: true });

/** Changes nothing, and is asked so often that all who ask at one moment share a message. */
export const lookUp = method({ isRepeatable: true, deadline: LOOK_MS, isBatched: true });

/** Changes something; doing it twice does it twice, or answers otherwise. */
export const change = method({ isRepeatable: false, deadline: CHANGE_MS, isBatched: false });

/** Changes something; doing it twice is doing it once. */
export const repeatable = method({ isRepeatable: true, deadline: CHANGE_MS, isBatched: false });
