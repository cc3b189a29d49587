/** Closes what was opened, the last first, each of it even if another fails. */
export class Closing {
  private readonly steps: Array<() => unknown> = [];

  add(close: () => unknown): void {
    this.steps.push(close);
  }

  async run(report: (error: unknown) => void): Promise<void> {
    for (const close of this.steps.splice(0).reverse()) {
      try {
        await close();
      } catch (error) {
        report(error);
      }
    }
  }
}
