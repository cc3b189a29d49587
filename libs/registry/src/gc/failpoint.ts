/**
 * `NAME` or `NAME:N`: this process kills itself there, the Nth time it comes by; `?`: it says where it comes by. Tests only: vitest
 * sets VITEST.
 */
const [NAME, NTH = '1'] = process.env.VITEST ? (process.env.BERTH_FAILPOINT ?? '').split(':') : [];
let passed = 0;

/** A place where tests kill the worker, as a crash would. */
export function failpoint(name: string): void {
  if (NAME === '?') process.stderr.write(`failpoint ${name}\n`);
  if (name === NAME && ++passed === Number(NTH)) process.kill(process.pid, 'SIGKILL');
}
