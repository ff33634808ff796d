import assert from "node:assert/strict";
import { answers, GROUPS, type Preview, plansOf, programOf, type Side } from "../e2e/changes/play";
import type { ChangeRow } from "../e2e/changes/rows";
import { assertPresentable, byHand } from "../e2e/support";
import { Refused } from "../support/provider";
import { createProject, type Project } from "../support/pulumi";
import { refreshView } from "../support/refresh";
import { startServer } from "../support/server";
import { judge, type Suite, type Verdict } from "./verdict";

/** A refusal that says what the server lacks; anything else that ends a preview is a failure. */
const REFUSAL = /came with ClickHouse \d|which this user may not set|the server, does not read this/;
type Tell = (verdict: Verdict) => void;

/** Each change of `test/e2e/changes` by the real CLI: declared and made, filled, previewed, made, asked, unchanged, undrifted. */
export const changes: Suite = async (version, tell, words) => {
  for (const [group, all] of Object.entries(GROUPS)) {
    const rows = all.filter(({ name }) => words.length === 0 || words.some((word) => name.includes(word)));
    if (rows.length === 0) continue;
    const server = await startServer({ version });
    const project = await createProject({ config: { "clickhouse:url": server.url } });
    try {
      await new Played(server.url, project, tell).play(group, rows);
    } finally {
      project.remove();
      await server.stop();
    }
  }
};

/** Rows of one group, declared together: a run of the CLI costs seconds. */
class Played {
  private comment = "before";
  private readonly url: string;
  private readonly project: Project;
  private readonly tell: Tell;

  constructor(url: string, project: Project, tell: Tell) {
    this.url = url;
    this.project = project;
    this.tell = tell;
  }

  async play(group: string, all: readonly ChangeRow[]): Promise<void> {
    const made = await this.taken(all, [], "before");
    await this.up(made, "before");
    await byHandOn(
      this.url,
      made.flatMap(({ rows = [] }) => rows),
    );
    const kept = await answers(
      this.url,
      made.flatMap((row) => row.kept ?? []),
    );
    await this.changeComment(group, made);
    const changed = await this.taken(made, made, "after");
    this.write(changed, "after", made);
    const plans = plansOf(JSON.parse((await this.project.must(["preview", "--json"])).stdout) as Preview);
    await this.step(`${group} come up`, async () => {
      const { text } = await this.project.must(["up", "--yes", "--skip-preview"]);
      assertPresentable(text);
    });
    for (const row of changed) await this.step(row.name, () => this.assertChanged(row, plans, kept));
    await this.step(`${group} leave nothing to do and no drift`, async () => {
      await this.project.must(["preview", "--expect-no-changes"]);
      await this.project.must(["refresh", "--yes", "--skip-preview", "--expect-no-changes"]);
    });
  }

  private async assertChanged(
    row: ChangeRow,
    plans: Readonly<Record<string, string>>,
    kept: Readonly<Record<string, string>>,
  ): Promise<void> {
    for (const [name, expected] of Object.entries(row.plans)) assert.match(plans[name] ?? "(no plan)", expected);
    await byHandOn(this.url, row.later ?? []);
    for (const [query, answer] of Object.entries(await answers(this.url, row.kept ?? [])))
      assert.equal(answer, kept[query], query);
    assert.deepEqual(await answers(this.url, Object.keys(row.afterwards ?? {})), row.afterwards ?? {});
  }

  /** The comment of the database, which old servers cannot change: it is no reason to leave out all other changes. */
  private async changeComment(group: string, made: readonly ChangeRow[]): Promise<void> {
    const verdict = await judge(`comment of the database of: ${group}`, async (at) => {
      at("preview");
      this.comment = "after";
      this.write(made, "before");
      await this.preview();
    });
    this.tell(verdict);
    if (verdict.result !== "ok") this.comment = "before";
  }

  /** Those rows that the preview takes on a side; tells of the others. */
  private async taken(rows: readonly ChangeRow[], made: readonly ChangeRow[], side: Side): Promise<ChangeRow[]> {
    this.write(rows, side, made);
    if ((await this.project.run(["preview"])).code === 0) return [...rows];
    const taken: ChangeRow[] = [];
    for (const row of rows) {
      const verdict = await judge(row.name, async (at) => {
        at("preview");
        this.write([row], side, made);
        await this.preview();
      });
      if (verdict.result === "ok") taken.push(row);
      else this.tell(verdict);
    }
    return taken;
  }

  private async preview(): Promise<void> {
    const { code, text } = await this.project.run(["preview"]);
    if (code !== 0) throw REFUSAL.test(text) ? new Refused(text) : new Error(text);
  }

  /** Rows on a side, and the others of `made` as they were made. */
  private write(rows: readonly ChangeRow[], side: Side, made: readonly ChangeRow[] = []): void {
    const others = made.filter((row) => !rows.includes(row));
    const sides = [...rows.map((row) => [row, side] as const), ...others.map((row) => [row, "before"] as const)];
    this.project.write(programOf(sides, this.comment));
  }

  private async up(rows: readonly ChangeRow[], side: Side): Promise<void> {
    this.write(rows, side);
    await this.project.must(["up", "--yes", "--skip-preview"]);
  }

  private async step(name: string, work: () => Promise<void>): Promise<void> {
    this.tell(await judge(name, work));
  }
}

/** Runs statements one after the other; a refresh is waited for, in whatever way the server has. */
function byHandOn(url: string, statements: readonly string[]): Promise<void> {
  return byHand(url, async (connection) => {
    const ask = async (sql: string): Promise<string[]> =>
      Object.values((await connection.query<Record<string, string>>(sql))[0] ?? {});
    const run = (sql: string): Promise<void> => connection.command(sql);
    for (const sql of statements) {
      const [, verb, view] = /^SYSTEM (REFRESH|WAIT) VIEW (\S+)$/.exec(sql) ?? [];
      if (view === undefined) await run(sql);
      else if (verb === "REFRESH") await refreshView({ ask, run }, view);
    }
  });
}
