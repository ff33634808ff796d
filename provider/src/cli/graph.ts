import { readFileSync } from "node:fs";
import { Command, Option } from "commander";
import { messageOf } from "../errors";
import { type Lineage, lineageOf, type Marks, renderDot, renderHtml, renderMermaid } from "../graph";
import { type Drawing, drawingOf } from "../report/drawing";
import type { Output } from "./canonicalize";
import { EXIT } from "./exit";

const FORMATS = ["mermaid", "dot", "html"] as const;

/** Options of {@link graphFiles}. */
export interface GraphOptions {
  readonly format: (typeof FORMATS)[number];
  /** Heading of the page. */
  readonly title?: string;
}

/** `clickhouse-schema graph [file...]`. */
export function graphCommand(output: Output): Command {
  return new Command("graph")
    .description("draw which objects read and write which, grouped by database; needs no server")
    .argument(
      "[file...]",
      "output of `pulumi preview --json --show-sames` or `pulumi stack export`, or SQL files; standard input without any, or for -",
    )
    .addOption(new Option("--format <format>", "what to write").choices(FORMATS).default("mermaid"))
    .option("--title <text>", "heading of the HTML page")
    .action((files: string[], options: GraphOptions) => {
      process.exitCode = graphFiles(files, options, output);
    });
}

/**
 * Prints the lineage of what the files declare.
 *
 * @param files paths; standard input when empty.
 * @returns the exit code, of {@link EXIT}: `failed` when a file or a statement could not be read. The rest is still drawn.
 */
export function graphFiles(files: readonly string[], options: GraphOptions, output: Output): number {
  const drawings: Drawing[] = [];
  let failed = false;
  for (const file of files.length > 0 ? files : ["-"]) {
    try {
      const drawing = drawingOf(readFileSync(file === "-" ? 0 : file, "utf8"));
      for (const { line, message } of drawing.problems) output.error(`${file}:${line}: ${message}\n`);
      failed ||= drawing.problems.length > 0;
      drawings.push(drawing);
    } catch (error) {
      output.error(`${messageOf(error)}\n`);
      failed = true;
    }
  }
  const lineage = lineageOf(drawings.flatMap(({ objects }) => objects));
  if (lineage.nodes.length > 0) {
    const marks = new Map(drawings.flatMap((drawing) => [...drawing.marks]));
    const statements = new Map(drawings.flatMap((drawing) => [...drawing.statements]));
    output.out(`${render(lineage, marks, statements, options).trimEnd()}\n`);
  } else if (!failed) {
    output.error(`${NOTHING}\n`);
    failed = true;
  }
  return failed ? EXIT.failed : EXIT.fine;
}

const NOTHING =
  "Found no table or view to draw. A preview without changes holds none: add --show-sames to `pulumi preview --json`, or pass `pulumi stack export`";

function render(
  lineage: Lineage,
  marks: Marks,
  statements: ReadonlyMap<string, string>,
  { format, title }: GraphOptions,
): string {
  switch (format) {
    case "mermaid":
      return renderMermaid(lineage, marks);
    case "dot":
      return renderDot(lineage, marks);
    case "html":
      return renderHtml(lineage, marks, { statements, ...(title !== undefined && { title }) });
  }
}
