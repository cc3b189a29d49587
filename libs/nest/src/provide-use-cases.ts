import type { FactoryProvider } from '@nestjs/common';

type Port<T> = abstract new (...args: never[]) => T;
type Ports<A extends readonly unknown[]> = { [I in keyof A]: Port<A[I]> };

/**
 * Binds a plain class to the classes its constructor asks for, in order: a wrong order or a missing one does not compile.
 * Use cases stay free of decorators this way.
 */
export const useCase = <A extends unknown[], T>(
  type: new (...args: A) => T,
  ...ports: Ports<A>
): FactoryProvider<T> => ({
  provide: type,
  inject: [...ports],
  useFactory: (...args: unknown[]) => new type(...(args as A)),
});
