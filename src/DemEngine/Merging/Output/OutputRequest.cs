using DemEngine.Merging.Options;
using DemEngine.Merging.Tensors;

namespace DemEngine.Merging.Output;

/// <summary>A request to make one output.</summary>
/// <param name="Plan">The plan to carry out.</param>
/// <param name="Output">Path of the folder to create.</param>
/// <param name="Options">Run options.</param>
internal sealed record OutputRequest(OutputPlan Plan, string Output, RunOptions Options);
