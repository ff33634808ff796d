import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { diffObject, planObject } from "../../provider/src/kinds/object";
import { showPlan } from "../../provider/src/plan";
import { planInput } from "../../provider/src/pulumi/plan-input";
import { type Preview, type PreviewStep, readPreview } from "../../provider/src/report";
import { parseCreate } from "../../provider/src/sql/parse";

/** A file of `fixtures/`: what the real CLI said. See `fixtures/make.ts`. */
export function fixture(name: string): string {
  return readFileSync(path.join(__dirname, "fixtures", name), "utf8");
}

/** A preview among the fixtures, read. */
export function preview(name: string): Preview {
  return readPreview(fixture(name));
}

/** Makes of an unchanged resource one that is updated, with the plan that the planner makes of it. */
export function updated(from: Preview, name: string, edit: (statement: string) => string): Preview {
  return changed(from, name, (step) => {
    const before = String(step.newState?.inputs?.["statement"]);
    const after = edit(before);
    assert.notEqual(after, before, `the edit of ${name} finds nothing`);
    const [old, declared] = [parseCreate(before), parseCreate(after)];
    const plan = planInput(showPlan(planObject(old, declared, diffObject(old, declared))));
    return updateStep(step, { statement: after, ...plan });
  });
}

/** The step as an update that sets these inputs. */
export function updateStep(step: PreviewStep, more: Readonly<Record<string, unknown>>): PreviewStep {
  const inputs = step.newState?.inputs ?? {};
  return { op: "update", urn: step.urn, oldState: { inputs }, newState: { inputs: { ...inputs, ...more } } };
}

/** The preview with the step of one resource changed. */
export function changed(from: Preview, name: string, change: (step: PreviewStep) => PreviewStep): Preview {
  let found = false;
  const steps = from.steps.map((step) => {
    if ((step.newState ?? step.oldState)?.inputs?.["qualifiedName"] !== name) return step;
    found = true;
    return change(step);
  });
  assert.ok(found, `${name} is not in the preview`);
  return { ...from, steps };
}

/** The preview with a message about one resource. */
export function withFinding(
  from: Preview,
  name: string,
  severity: "error" | "warning" | "info",
  message: string,
): Preview {
  const step = from.steps.find(({ newState }) => newState?.inputs?.["qualifiedName"] === name);
  assert.ok(step, `${name} is not in the preview`);
  return { ...from, diagnostics: [...from.diagnostics, { urn: step.urn, severity, message }] };
}
