import * as pulumi from "@pulumi/pulumi";

/**
 * URNs of the resources a resource depends on directly: through its arguments, `dependsOn` and its parent. Components stand for their
 * children. The provider is not told them otherwise, and needs them to say when a source may come too late.
 */
export function dependencyUrns(
  args: object,
  database: unknown,
  name: unknown,
  opts: pulumi.CustomResourceOptions,
): pulumi.Output<string[]> {
  const found = collect(args, database, name, opts);
  return pulumi.output(found.then((resources) => pulumi.all(resources.map((resource) => resource.urn))));
}

async function collect(
  args: object,
  database: unknown,
  name: unknown,
  opts: pulumi.CustomResourceOptions,
): Promise<pulumi.Resource[]> {
  const mentioned = await resourcesOf(pulumi.output([args, database, name]));
  const listed = await resourcesOf(pulumi.output(opts.dependsOn));
  const direct = [...mentioned, ...listed, ...asList(opts.dependsOn), ...(opts.parent ? [opts.parent] : [])];
  const parentIsComponent = opts.parent !== undefined && !pulumi.CustomResource.isInstance(opts.parent);
  const seen = new Set<pulumi.Resource>();
  for (const resource of direct) {
    // A parent component's other children are siblings, not dependencies.
    if (resource === opts.parent && parentIsComponent) continue;
    expand(resource, seen);
  }
  return [...seen].filter((resource) => pulumi.CustomResource.isInstance(resource));
}

function expand(resource: pulumi.Resource, seen: Set<pulumi.Resource>): void {
  if (seen.has(resource)) return;
  seen.add(resource);
  if (pulumi.CustomResource.isInstance(resource)) return;
  const { __childResources: children } = resource as unknown as { __childResources?: Set<pulumi.Resource> };
  for (const child of children ?? []) expand(child, seen);
}

async function resourcesOf(output: pulumi.Output<unknown>): Promise<pulumi.Resource[]> {
  const { allResources } = output as unknown as { allResources?: () => Promise<Set<pulumi.Resource>> };
  return [...(allResources === undefined ? [] : await allResources.call(output))];
}

function asList(value: unknown): pulumi.Resource[] {
  const values: unknown[] = Array.isArray(value) ? value : [value];
  return values.filter((element): element is pulumi.Resource => pulumi.Resource.isInstance(element));
}
