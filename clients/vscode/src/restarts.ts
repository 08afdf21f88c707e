/** How long to wait before a server that ended is started again. Knows neither clock nor editor. */

const FIRST_DELAY_MS = 500;
const WINDOW_MS = 180_000;
const MOST_IN_WINDOW = 5;

/** Owns the times of the last ends, in milliseconds of any clock. */
export class Restarts {
  private ends: number[] = [];

  /** The pause before the next start; undefined if the server ended too often to go on. */
  delayAfterEnd(nowMs: number): number | undefined {
    this.ends = [...this.ends.filter((end) => nowMs - end < WINDOW_MS), nowMs];
    if (this.ends.length > MOST_IN_WINDOW) return undefined;
    return FIRST_DELAY_MS * 2 ** (this.ends.length - 1);
  }

  forget(): void {
    this.ends = [];
  }
}
