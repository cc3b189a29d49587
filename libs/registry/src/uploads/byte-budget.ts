/**
 * Bytes of upload buffers that the whole process may hold. A buffer is reserved whole before its first byte is read,
 * first come first served, so that many uploads wait on their sockets instead of filling memory.
 */
export class ByteBudget {
  private free: number;
  private readonly waiting: Array<{ bytes: number; grant: () => void }> = [];

  /** `total` bytes; a reservation larger than that is granted alone, when nobody holds anything. */
  constructor(private readonly total: number) {
    this.free = total;
  }

  /** Waits for `bytes`; the answer gives them back and may be called more than once. */
  async reserve(bytes: number): Promise<() => void> {
    const counted = Math.min(bytes, this.total);
    if (this.waiting.length > 0 || counted > this.free) {
      await new Promise<void>((grant) => this.waiting.push({ bytes: counted, grant }));
    } else this.free -= counted;
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      this.free += counted;
      this.grantWaiting();
    };
  }

  /** Whether anybody waits: who holds bytes for long should then give them back. */
  get isContended(): boolean {
    return this.waiting.length > 0;
  }

  private grantWaiting(): void {
    for (let next = this.waiting[0]; next && next.bytes <= this.free; next = this.waiting[0]) {
      this.waiting.shift();
      this.free -= next.bytes;
      next.grant();
    }
  }
}
