using DemEngine.Checkpoints;
using DemEngine.Files;
using DemEngine.Merging.Tensors;
using DemEngine.Numerics;

namespace DemEngine.Merging.Output;

/// <summary>
/// Makes and writes what an output has beside its weights: index, configuration, tokenizer, model card and manifest.
/// </summary>
internal static class SmallFiles
{
    /// <summary>Makes the files of a plan whose tensors are all finished.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="entries">Journal entries of all tensors, in the order of the layout.</param>
    /// <param name="card">Whether there is a model card, for outputs that can have one.</param>
    /// <returns>Contents of the files by their paths in the output, with slashes.</returns>
    public static Dictionary<string, byte[]> Of(OutputPlan plan, IReadOnlyList<JournalEntry> entries, bool card)
    {
        var manifest = new Manifest(
            Manifest.ThisEngine,
            plan.Operation,
            plan.Recipe,
            plan.Inputs,
            [.. plan.Layout.Tensors.Zip(entries, (place, entry) => new ManifestTensor(
                place.Spec.Name,
                place.Spec.Type.SafetensorsName,
                place.Spec.Shape.Dimensions,
                entry.Hash,
                entry.NonFinite.Inputs,
                entry.NonFinite.Outputs))]);

        var files = new Dictionary<string, byte[]>(plan.SideFiles, StringComparer.Ordinal);
        if (plan.Layout.BuildIndex() is { } index)
            files[plan.Layout.IndexFileName] = index;
        if (card && plan.Card is { } model)
        {
            foreach (var (name, contents) in model.Files(manifest.TensorsHash))
                files[name] = contents;
        }

        manifest = manifest with { Files = ManifestFile.Of(plan.Layout.Shards, files) };
        files[Manifest.FileName] = manifest.ToJson();
        return files;
    }

    /// <summary>Writes the files of a plan whose tensors are all finished.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="entries">Journal entries of all tensors, in the order of the layout.</param>
    /// <param name="card">Whether there is a model card, for outputs that can have one.</param>
    /// <param name="folder">Folder to write in.</param>
    /// <returns>Paths in the folder, with slashes, of the files that were written.</returns>
    /// <exception cref="DemException">DEM4001 (DiskFull), DEM4002 (WriteFailed), DEM4012, DEM4013.</exception>
    public static IEnumerable<string> Write(OutputPlan plan, IReadOnlyList<JournalEntry> entries, bool card, string folder)
    {
        Dictionary<string, byte[]> files = Of(plan, entries, card);
        foreach (var (name, contents) in files)
        {
            string path = Path.Combine(folder, name);
            try
            {
                Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            }
            catch (Exception e) when (WriteError.Covers(e))
            {
                throw WriteError.From(e, path);
            }

            OutputFile.WriteWhole(path, contents);
        }

        return files.Keys;
    }
}
