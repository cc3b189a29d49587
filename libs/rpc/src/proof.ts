import { readFileSync } from 'node:fs';
import { ChannelCredentials, ServerCredentials } from '@grpc/grpc-js';
import { ServiceTokens } from './service-token.js';

/** How services prove themselves to each other: by a shared secret, by certificates of one authority, or both. */
export interface Proof {
  secret: string | undefined;
  tls: { cert: Buffer; key: Buffer; ca: Buffer } | undefined;
}

/** The settings that say how. */
export interface ProofSettings {
  BERTH_RPC_SECRET?: string | undefined;
  BERTH_RPC_TLS_CERT?: string | undefined;
  BERTH_RPC_TLS_KEY?: string | undefined;
  BERTH_RPC_TLS_CA?: string | undefined;
}

/** Reads the PEM files that the settings name. Errors: those of reading a file. */
export function readProof(settings: ProofSettings): Proof {
  const { BERTH_RPC_SECRET: secret, BERTH_RPC_TLS_CERT: cert, BERTH_RPC_TLS_KEY: key, BERTH_RPC_TLS_CA: ca } = settings;
  const tls =
    cert && key && ca ? { cert: readFileSync(cert), key: readFileSync(key), ca: readFileSync(ca) } : undefined;
  return { secret, tls };
}

/** With TLS, a client that shows no certificate of the authority gets no connection. */
export const serverCredentials = ({ tls }: Proof): ServerCredentials =>
  tls
    ? ServerCredentials.createSsl(tls.ca, [{ cert_chain: tls.cert, private_key: tls.key }], true)
    : ServerCredentials.createInsecure();

export const channelCredentials = ({ tls }: Proof): ChannelCredentials =>
  tls ? ChannelCredentials.createSsl(tls.ca, tls.key, tls.cert) : ChannelCredentials.createInsecure();

/** Errors: one of the two must be there, else anybody could call. */
export function tokensOf({ secret, tls }: Proof): ServiceTokens | undefined {
  if (!secret && !tls) throw new Error('services need BERTH_RPC_SECRET or certificates to prove themselves');
  return secret ? new ServiceTokens(secret) : undefined;
}
