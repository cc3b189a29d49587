interface Fault {
  statusCode?: number;
  code?: string;
  message?: string;
  meta?: { driverAdapterError?: { cause?: { originalCode?: string } } };
}

/** Prisma: no connection, time out, connection closed, pool exhausted. Node: nobody there, or the way was lost. */
const UNREACHABLE = new Set([
  'P1001',
  'P1002',
  'P1008',
  'P1017',
  'P2024',
  'P2028',
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
  'EHOSTUNREACH',
]);
/** PostgreSQL: connection lost, resources exhausted, lock not had in time, ended by an operator or a time out. */
const SQL_STATE_PASSING = /^(?:08|53|55P03|57)/;

/** What node-postgres says where it has no code. */
const CONNECTION_LOST =
  /^(?:Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error)/;

/** The HTTP status of what nobody foresaw: 503 for what passes by itself, 507 for a full disk, 500 for the rest. */
export function faultStatus(error: unknown): number {
  const { statusCode, code = '', message = '', meta } = error as Fault;
  const sqlState = meta?.driverAdapterError?.cause?.originalCode ?? (/^[0-9A-Z]{5}$/.test(code) ? code : '');
  if (UNREACHABLE.has(code) || SQL_STATE_PASSING.test(sqlState) || CONNECTION_LOST.test(message)) return 503;
  if (code === 'ENOSPC' || code === 'EDQUOT') return 507;
  return statusCode ?? 500;
}
