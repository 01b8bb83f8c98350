using DemEngine.Backends;
using DemEngine.Backends.Cpu;
using DemEngine.Checkpoints;
using DemEngine.Merging.Options;
using DemEngine.Merging.Output;
using DemEngine.Merging.Planning;
using DemEngine.Merging.Tensors;
using DemEngine.Numerics;
using DemEngine.Recipes;

namespace DemEngine.Tests.Merging;

/// <summary>A temporary folder of models, and merges of them.</summary>
internal sealed class ModelFolder : IDisposable
{
    private readonly TempFolder _folder = new();

    public string Path => _folder.Path;

    public string PathOf(string name) => _folder.PathOf(name);

    /// <summary>Writes a model.</summary>
    public ModelFolder Model(string name, params (TensorSpec Spec, byte[] Bytes)[] tensors)
    {
        TestCheckpoint.Write(PathOf(name), tensors);
        return this;
    }

    /// <summary>Writes a file in a model's folder.</summary>
    public ModelFolder File(string model, string name, string contents)
    {
        string path = System.IO.Path.Combine(PathOf(model), name);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        System.IO.File.WriteAllText(path, contents);
        return this;
    }

    public MergePlan Plan(string recipe, RunOptions? options = null, AlignmentOptions? alignment = null) =>
        MergePlanner.Plan(RecipeReader.Resolve(RecipeReader.Parse(recipe, "r.yaml"), Path), alignment ?? new AlignmentOptions(), options ?? new RunOptions());

    /// <summary>Merges into a folder beside the models.</summary>
    public RunReport Merge(
        string recipe,
        string output = "out",
        RunOptions? options = null,
        AlignmentOptions? alignment = null,
        IMergeBackend? backend = null,
        Action<RunProgress>? progress = null,
        CancellationToken cancel = default)
    {
        using MergePlan plan = Plan(recipe, options, alignment);
        return OutputRun.Execute(plan.Plan, PathOf(output), backend ?? new CpuBackend(), options ?? new RunOptions(), progress, cancel);
    }

    /// <summary>Extracts a vector.</summary>
    public RunReport Extract(string tuned, string output, ElementType type = ElementType.F32, AlignmentOptions? alignment = null, string baseModel = "base")
    {
        using var from = Checkpoint.Open(PathOf(baseModel));
        using var to = Checkpoint.Open(PathOf(tuned));
        OutputPlan plan = ExtractPlanner.Plan(from, to, type, alignment ?? new AlignmentOptions());
        return OutputRun.Execute(plan, PathOf(output), new CpuBackend(), new RunOptions());
    }

    /// <summary>The bytes of one tensor of a model.</summary>
    public byte[] Bytes(string model, string tensor)
    {
        using var checkpoint = Checkpoint.Open(PathOf(model), IoMode.Mmap);
        StoredTensor stored = checkpoint.Find(tensor)!;
        return stored.Read(0, (int)stored.Spec.UnitCount, default).Bytes.Span.ToArray();
    }

    /// <summary>The values of one tensor of a model.</summary>
    public double[] Values(string model, string tensor)
    {
        using var checkpoint = Checkpoint.Open(PathOf(model), IoMode.Mmap);
        return Merging.Values.Of(checkpoint.Find(tensor)!.Spec.Type, Bytes(model, tensor));
    }

    /// <summary>Every file of a folder by name.</summary>
    public SortedDictionary<string, byte[]> Files(string folder)
    {
        var files = new SortedDictionary<string, byte[]>(StringComparer.Ordinal);
        foreach (string path in Directory.EnumerateFiles(PathOf(folder), "*", SearchOption.AllDirectories))
            files.Add(System.IO.Path.GetRelativePath(PathOf(folder), path), System.IO.File.ReadAllBytes(path));
        return files;
    }

    /// <summary>Whether a file of an output says how it was made, so that outputs of two recipes differ in it.</summary>
    public static bool NamesTheRecipe(string file) => file is Manifest.FileName or "README.md" or "mergekit_config.yml";

    /// <summary>The names of what lies in the folder, models and outputs.</summary>
    public string[] Names => [.. Directory.EnumerateFileSystemEntries(Path).Select(path => System.IO.Path.GetFileName(path)).Order(StringComparer.Ordinal)];

    public void Dispose() => _folder.Dispose();
}
