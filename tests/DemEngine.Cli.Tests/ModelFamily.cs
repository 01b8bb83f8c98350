namespace DemEngine.Cli.Tests;

/// <summary>A base, fine-tuned models and a recipe for them, in a folder that goes when the test is over.</summary>
internal sealed class ModelFamily : IDisposable
{
    private readonly TempFolder _folder = new();

    /// <summary>A shape of 219 tensors in 11 MB: enough to be interrupted, little enough to be merged often.</summary>
    public const string Deep = """
        {
          "hidden_size": 128, "intermediate_size": 384, "num_hidden_layers": 24, "num_attention_heads": 4, "num_key_value_heads": 4,
          "vocab_size": 1000
        }
        """;

    public ModelFamily(string shape, int sources)
    {
        if (shape == Deep)
            shape = Write("deep.json", Deep);
        Dem.Run("synth", "--shape", shape, "--seed", "1", "--out", PathOf("base")).Expect(0);
        for (int k = 1; k <= sources; k++)
            Dem.Run("synth", "--tuned-from", PathOf("base"), "--seed", $"{k + 1}", "--out", PathOf($"tuned {k}")).Expect(0);
        IEnumerable<string> models = Enumerable.Range(1, sources)
            .Select(k => $"  - {{model: \"tuned {k}\", parameters: {{weight: {1.0 / (k + 2)}}}}}\n");
        Recipe = Write("recipe.yaml", $"merge_method: dem\nbase_model: base\nmodels:\n{string.Concat(models)}");
    }

    public string Recipe { get; }

    public string Folder => _folder.Path;

    public string PathOf(string name) => _folder.PathOf(name);

    public string Write(string name, string contents) => _folder.Write(name, contents);

    /// <summary>Where the unfinished run of an output lies.</summary>
    public string Staging(string output) => PathOf($".{output}.dem-unfinished");

    /// <summary>Number of tensors that an unfinished run of an output has finished.</summary>
    public int FinishedTensors(string output)
    {
        try
        {
            using var file = new FileStream(Path.Combine(Staging(output), "dem-journal.jsonl"), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            using var reader = new StreamReader(file);
            return reader.ReadToEnd().Count(c => c == '\n') - 1;
        }
        catch (IOException)
        {
            return -1;
        }
    }

    /// <summary>Checks that two outputs have the same files with the same bytes.</summary>
    public void ExpectSame(string output, string reference)
    {
        string[] names = Names(reference);
        Assert.That(Names(output), Is.EqualTo(names));
        foreach (string name in names)
        {
            byte[] expected = File.ReadAllBytes(Path.Combine(PathOf(reference), name));
            Assert.That(File.ReadAllBytes(Path.Combine(PathOf(output), name)).AsSpan().SequenceEqual(expected), $"{output}/{name} differs");
        }
    }

    public void Dispose() => _folder.Dispose();

    private string[] Names(string output) => [.. Directory.GetFileSystemEntries(PathOf(output)).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];
}
