// A repository, as a sample of TypeScript.
import type { Model } from "./model";
import fs = require("fs");

export type Id = string | number;

export interface Query<T> extends Base, Filter<T> {
  readonly limit: number;
  order?: Order;
  where(field: keyof T, value: unknown): Query<T>;
  (text: string): T[];
}

export enum Level {
  Low,
  High = "high",
}

declare module "plugins" {
  export function load(name: string): Plugin;
}

namespace Tools.Text {
  export const EMPTY: string = "";
}

/**
 * Keeps models.
 */
@Injectable({ scope: "root" })
export abstract class Repository<T extends Model> extends Store<T> implements Named, Closable<T> {
  private cache: Map<Id, T> = new Map();
  @Input() name: string;
  handlers = new Handlers();

  constructor(
    private readonly client: Client,
    public url?: string,
  ) {
    super();
    this.started = client;
  }

  abstract close(): void;

  get size(): number {
    return this.cache.size;
  }

  @Memoize()
  async find(id: Id, options: Options = {}): Promise<T | null> {
    const reply = await this.client.get(id);
    const parsed = reply.body as Parsed;
    return this.cache.get(parsed.id) ?? null;
  }

  static make<T extends Model>(client: Client): Repository<T> {
    return new Memory<T>(client);
  }
}

export function parse(text: string): Query<Model>;
export function parse(text: any): any {
  return text;
}

export const retry = async <T>(times: number, run: () => Promise<T>): Promise<T> => {
  return run();
};

declare const VERSION: string;
const table: Record<string, Model> = {};
let waiting: Promise<void>;
