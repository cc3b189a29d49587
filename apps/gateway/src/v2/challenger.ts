import { Injectable } from '@nestjs/common';
import { bearerChallenge, type Challenge, SigningKeyStore } from '#auth';
import { RegistryError } from '#oci';
import { ExternalOrigin } from '../http/external-origin.js';
import type { GatewayRequest } from '../http/gateway-request.js';

/** Writes the one 401 of the registry: the same for names that are private and names that are free. */
@Injectable()
export class Challenger {
  constructor(
    private readonly origin: ExternalOrigin,
    private readonly keys: SigningKeyStore,
  ) {}

  /** Throws UNAUTHORIZED with a challenge that says where to get which token. */
  async refuse(request: GatewayRequest, error: Challenge['error'] | undefined, scope?: string): Promise<never> {
    const challenge = bearerChallenge({
      realm: `${this.origin.of(request)}/token`,
      service: await this.keys.instanceName(),
      ...(scope && { scope }),
      ...(error && { error }),
    });
    const detail = scope && { scope };
    throw new RegistryError('UNAUTHORIZED', detail, { headers: { 'www-authenticate': challenge } });
  }
}
