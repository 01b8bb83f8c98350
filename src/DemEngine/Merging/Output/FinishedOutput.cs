using DemEngine.Checkpoints;
using DemEngine.Merging.Tensors;

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
}
