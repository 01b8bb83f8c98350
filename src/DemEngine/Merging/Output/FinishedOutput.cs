using DemEngine.Checkpoints;
using DemEngine.Merging.Tensors;
using DemEngine.Numerics;

namespace DemEngine.Merging.Output;

/// <summary>An output that is there already, when a command that makes several is resumed.</summary>
internal static class FinishedOutput
{
    /// <summary>Whether a folder says that it has the output of a plan, and has all files of it.</summary>
    public static bool IsThere(string folder, OutputPlan plan)
    {
        IEnumerable<string> files = plan.SideFiles.Keys.Append(Manifest.FileName);
        if (!files.All(file => File.Exists(Path.Combine(folder, file))))
            return false;
        try
        {
            Manifest there = Manifest.Read(folder);
            return there.Recipe == plan.Recipe && there.Inputs.SequenceEqual(plan.Inputs);
        }
        catch (DemException)
        {
            return false; // What the folder has is not known, so it is not this output.
        }
    }

    /// <summary>
    /// Whether a folder has the output of a plan by all that its manifest says: the same operation on the same inputs, and
    /// tensors of the same types and shapes. Outputs that are made from a seed are not recognised.
    /// </summary>
    public static bool IsSame(string folder, OutputPlan plan) =>
        (plan.Recipe is not null || plan.Inputs.Length > 1)
        && IsThere(folder, plan)
        && Manifest.Read(folder) is var there
        && there.Operation == plan.Operation
        && there.Tensors.Count == plan.Layout.Tensors.Length
        && there.Tensors.Zip(plan.Layout.Tensors).All(pair =>
            pair.First.Name == pair.Second.Spec.Name
            && pair.First.Dtype == pair.Second.Spec.Type.SafetensorsName
            && pair.First.Shape.SequenceEqual(pair.Second.Spec.Shape.Dimensions));

    /// <summary>The report of a run that found all of its output there.</summary>
    public static RunReport Report(string folder, OutputPlan plan) => new(
        Path.GetFullPath(folder),
        "",
        plan.Layout.Tensors.Length,
        Resumed: plan.Layout.Tensors.Length,
        BytesRead: 0,
        BytesWritten: 0,
        Seconds: 0,
        SyncSeconds: 0,
        [],
        plan.Remarks);
}
