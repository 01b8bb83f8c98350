using System.Globalization;
using System.IO.Hashing;
using System.Text;
using DemEngine.Checkpoints;
using DemEngine.Errors;
using DemEngine.Files;
using DemEngine.Merging.Tensors;

namespace DemEngine.ScaleOut;

/// <summary>
/// What tells one plan in parts from another: machines that find the same may write parts of one output. Weights are told apart
/// by their fingerprints and by the lengths of their files, all else by its bytes. Times do not count, since each machine may
/// have copies of its own.
/// </summary>
internal static class PlanIdentity
{
    private const long MostBytesBeside = 1 << 28;

    // Files beside weights that say what a tensor means or which row a token has.
    private static readonly string[] Beside =
    [
        "config", "tokenizer", "added_tokens", "special_tokens", "vocab", "merges", "spiece", "sentencepiece", "tekken",
        "chat_template", "generation_config", "adapter_config",
    ];

    /// <summary>Computes the hash over all that decides the output.</summary>
    /// <param name="plan">Plan of the whole merge.</param>
    /// <param name="models">Its models.</param>
    /// <param name="card">Whether there is a model card.</param>
    /// <param name="parts">Number of parts.</param>
    public static string Of(OutputPlan plan, IEnumerable<PlannedModel> models, bool card, int parts)
    {
        var hash = new XxHash128();
        hash.Append(Encoding.UTF8.GetBytes(
            string.Create(CultureInfo.InvariantCulture, $"{PlanDocument.Schema}\n{plan.HashWithoutTimes}\n{card}\n{parts}\n")));
        foreach (var (name, contents) in plan.SideFiles.OrderBy(file => file.Key, StringComparer.Ordinal))
        {
            hash.Append(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{name}\n{contents.Length}\n")));
            hash.Append(contents);
        }

        foreach (PlannedModel model in models)
            hash.Append(Encoding.UTF8.GetBytes($"{model.Files} {model.Beside}\n"));
        return Convert.ToHexStringLower(hash.GetCurrentHash());
    }

    /// <summary>Describes the models of a plan as they are now.</summary>
    /// <param name="plan">The plan.</param>
    public static IReadOnlyList<PlannedModel> ModelsOf(OutputPlan plan) =>
        [.. plan.Checkpoints.Select(model => PlannedModelOf(model))];

    /// <summary>Says what of a plan is not as it was.</summary>
    /// <param name="planned">The plan as it was made.</param>
    /// <param name="plan">The plan as it is now.</param>
    /// <param name="models">Its models as they are now.</param>
    public static string Difference(PlanDocument planned, OutputPlan plan, IReadOnlyList<PlannedModel> models)
    {
        if (planned.Engine != Manifest.ThisEngine)
            return $"it was made by {planned.Engine}, and this is {Manifest.ThisEngine}";
        foreach (var (then, now) in planned.Inputs.Zip(plan.Inputs))
        {
            if (then.Fingerprint != now.Fingerprint)
                return $"the weights of {Quoted.Name(now.Path)} are not those that it was made for";
        }

        foreach (var (then, now) in planned.Models.Zip(models))
        {
            if (then.Beside != now.Beside)
                return $"the configuration or the tokenizer of {Quoted.Name(now.Path)} is not the one that it was made for";
            if (then.Files != now.Files)
                return $"a file of {Quoted.Name(now.Path)} has another length than when it was made, "
                    + "or another version in its store";
        }

        return "what follows from its recipe now is another plan";
    }

    /// <summary>Names the models whose files have other times than when a plan was made.</summary>
    /// <param name="planned">The plan as it was made.</param>
    /// <param name="models">Its models as they are now, whose samples are the same.</param>
    public static IEnumerable<string> OtherTimes(PlanDocument planned, IReadOnlyList<PlannedModel> models) => planned.Models
        .Zip(models)
        .Where(pair => pair.First.Times != pair.Second.Times)
        .Select(pair => $"the files of {Quoted.Name(pair.Second.Path)} have other times than when the plan was made; "
            + "their lengths and the samples of each tensor are the same");

    private static PlannedModel PlannedModelOf(Checkpoint model)
    {
        bool isInStore = model.IsInStore;
        return new PlannedModel(
            model.Path,
            Hash(model.Stamps.Select(stamp => isInStore ? $"{stamp.Length} {stamp.LastWrite.Ticks}" : $"{stamp.Length}")),
            Hash(model.Stamps.Select(stamp => $"{stamp.LastWrite.Ticks}")),
            HashBeside(model));
    }

    private static string Hash(IEnumerable<string> lines)
    {
        var hash = new XxHash128();
        foreach (string line in lines)
            hash.Append(Encoding.UTF8.GetBytes($"{line}\n"));
        return Convert.ToHexStringLower(hash.GetCurrentHash());
    }

    private static string HashBeside(Checkpoint model)
    {
        var hash = new XxHash128();
        foreach (string folder in model.PathsOnDisk.Select(FolderOf).Distinct(StringComparer.Ordinal))
        {
            foreach (FileInfo file in FilesBeside(folder).OrderBy(file => file.Name, StringComparer.Ordinal))
            {
                hash.Append(Encoding.UTF8.GetBytes($"{file.Name}\n"));
                hash.Append(Convert.FromHexString(Fingerprint.OfFile(file.FullName)));
            }
        }

        return Convert.ToHexStringLower(hash.GetCurrentHash());
    }

    private static string FolderOf(string path) => Directory.Exists(path) ? path : Path.GetDirectoryName(Path.GetFullPath(path))!;

    private static IEnumerable<FileInfo> FilesBeside(string folder)
    {
        try
        {
            return
            [
                .. new DirectoryInfo(folder).EnumerateFiles()
                    .Where(file => Beside.Any(start => file.Name.StartsWith(start, StringComparison.OrdinalIgnoreCase)))
                    .Where(file => !LinuxFile.IsSpecial(file.FullName) && file.Length <= MostBytesBeside && file.Exists),
            ];
        }
        catch (Exception e) when (WriteError.Covers(e))
        {
            throw new DemException(ErrorCode.ReadFailed, $"{folder}: {e.Message}", e) { Path = folder };
        }
    }
}
