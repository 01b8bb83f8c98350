using System.Globalization;
using DemEngine.Checkpoints;
using DemEngine.Merging.Options;
using DemEngine.Merging.Output;
using DemEngine.Numerics;
using DemEngine.Tests.Methods;

namespace DemEngine.Tests.Merging;

/// <summary>Densities and norms over the tensors of a layer, or of the model, against the same on all their elements in one row.</summary>
[Parallelizable(ParallelScope.Self)]
public sealed class ScopeTests
{
    private const int Layers = 3;

    private static readonly double[] Weights = [0.75, 0.5];

    // Differences of few magnitudes, so that cuts fall among equals, which lie in several tensors.
    private static readonly (string Name, long[] Shape)[] Tensors =
    [
        ("model.embed_tokens.weight", [40, 30]),
        .. Enumerable.Range(0, Layers).SelectMany(layer => new (string, long[])[]
        {
            ($"model.layers.{layer}.mlp.down_proj.weight", [70, 61]), ($"model.layers.{layer}.input_layernorm.weight", [61]), ($"model.layers.{layer}.none.weight", [0, 4]),
        }),
        ("model.norm.weight", [61]),
        ("lm_head.weight", [40, 30]),
    ];

    private readonly ModelFolder _folder = new();

    private static string[] Names => [.. Tensors.Select(tensor => tensor.Name)];

    [OneTimeSetUp]
    public void WriteModels()
    {
        var random = new Random(1);
        (TensorSpec Spec, byte[] Bytes)[] ofBase = [.. Tensors.Select(tensor => Values.Random(tensor.Name, ElementType.F32, tensor.Shape, 1))];
        _folder.Model("base", ofBase);
        foreach (string model in new[] { "m0", "m1" })
        {
            _folder.Model(model, [.. ofBase.Select(tensor =>
            {
                double[] values = Values.Of(ElementType.F32, tensor.Bytes);
                double step = Math.ScaleB(tensor.Spec.Name.Length % 3, -10);
                return Values.Tensor(tensor.Spec.Name, ElementType.F64, [.. tensor.Spec.Shape.Dimensions], i => values[i] + (random.Next(-6, 7) * step));
            })]);
        }
    }

    [OneTimeTearDown]
    public void DeleteModels() => _folder.Dispose();

    [TestCase("layer", 0.3)]
    [TestCase("model", 0.3)]
    [TestCase("model", 0.0001)]
    [TestCase("model", 0)]
    [TestCase("model", 0.9999)]
    public void Ties_trims_all_together(string scope, double density) =>
        Check("ties", scope, $"density: {density}", hasConsensus: true, normalizes: true, rescales: false, delta => ReferenceSparse.Largest(delta, density));

    [TestCase("layer")]
    [TestCase("model")]
    public void Breadcrumbs_cuts_all_together_and_makes_up_for_it(string scope) =>
        Check("breadcrumbs", scope, "density: 0.4, gamma: 0.1, rescale: true", hasConsensus: false, normalizes: false, rescales: true,
            delta => ReferenceSparse.Middle(delta, 0.4, 0.1));

    [TestCase("layer")]
    [TestCase("model")]
    public void Dare_makes_up_for_what_all_lose(string scope) =>
        Check("dare_ties", scope, "density: 0.4, seed: 5", hasConsensus: true, normalizes: false, rescales: true, thin: null);

    [Test]
    public void What_is_kept_dense_is_left_out()
    {
        string recipe = Head("ties", "scope: model, density: [{filter: norm, value: 1}, {value: 0.2}]");
        _folder.Merge(recipe, options: new RunOptions { Overwrite = true });
        string[] thinned = [.. Names.Where(name => !name.Contains("norm", StringComparison.Ordinal))];
        Dictionary<string, double[]>[] kept = [.. Weights.Select((_, source) => Thin(thinned, source, delta => ReferenceSparse.Largest(delta, 0.2)))];
        foreach (string name in Names)
        {
            double[][] deltas = [.. Weights.Select((_, source) => Delta(source, name))];
            double[][] ofTensor = [.. kept.Select((source, k) => source.GetValueOrDefault(name) ?? deltas[k])];
            AssertTensor(name, ReferenceSparse.Merge(_folder.Values("base", name), deltas, ofTensor, Weights, 1, true, true, false));
        }
    }

    [Test]
    public void Different_densities_are_refused()
    {
        DemException error = Failing.With(ErrorCode.WrongValue, () => _folder.Merge(Head("ties", "scope: model, density: [{filter: lm_head, value: 0.5}, {value: 0.2}]"), "refused"));
        Assert.That(error.Message, Does.Contain("lm_head.weight").And.Contain("density 0.5").And.Contain("density 0.2"));
    }

    [Test]
    public void Nothing_shows_how_it_was_made([Values("ties", "dare_linear")] string method, [Values(1, 3)] int threads, [Values(1, ContentHash.LeafBytes)] int tileBytes)
    {
        string recipe = Head(method, "scope: model, density: 0.3");
        _folder.Merge(recipe, "whole", new RunOptions { Overwrite = true });
        string output = $"{method} {threads} {tileBytes}";
        _folder.Merge(recipe, output, new RunOptions { Threads = threads, TileBytes = tileBytes, Io = IoMode.Pread });
        Assert.That(_folder.Files(output), Is.EqualTo(_folder.Files("whole")));
    }

    [Test]
    public void A_run_that_is_resumed_measures_what_is_finished_too()
    {
        string recipe = Head("ties", "scope: model, density: 0.3");
        _folder.Merge(recipe, "at once");
        using var stop = new CancellationTokenSource();
        Assert.Throws<OperationCanceledException>(() => _folder.Merge(
            recipe, "resumed", new RunOptions { Threads = 1 }, progress: progress => { if (progress.BytesDone > 0.95 * progress.BytesTotal) stop.Cancel(); }, cancel: stop.Token));
        RunReport report = _folder.Merge(recipe, "resumed", new RunOptions { Unfinished = UnfinishedRun.Resume });
        Assert.That(report.Resumed, Is.Positive);
        Assert.That(_folder.Files("resumed"), Is.EqualTo(_folder.Files("at once")));
    }

    [Test]
    public void Progress_ends_at_the_planned_total()
    {
        long most = 0, total = 0;
        _folder.Merge(Head("ties", "scope: layer, density: 0.3"), "progress", new RunOptions { Threads = 1 }, progress: at =>
        {
            most = Math.Max(most, at.BytesDone);
            total = at.BytesTotal;
        });
        Assert.That(most, Is.EqualTo(total).And.GreaterThan(0));
    }

    private static string Head(string method, string parameters) =>
        $"merge_method: {method}\nbase_model: base\nparameters: {{{parameters}}}\nmodels:\n"
        + string.Concat(Weights.Select((weight, k) => string.Create(CultureInfo.InvariantCulture, $"  - {{model: m{k}, parameters: {{weight: {weight}}}}}\n")));

    /// <summary>Names of the tensors that are taken together with one, in their order.</summary>
    private static string[] GroupOf(string name, string scope)
    {
        if (scope == "layer" && !name.StartsWith("model.layers.", StringComparison.Ordinal))
            return [name];
        string prefix = scope == "model" ? "" : name[..("model.layers.".Length + 2)];
        return [.. Names.Where(other => other.StartsWith(prefix, StringComparison.Ordinal)).Order(StringComparer.Ordinal)];
    }

    private double[] Delta(int source, string name) => ReferenceSparse.Delta(_folder.Values($"m{source}", name), _folder.Values("base", name));

    /// <summary>Thins the differences of several tensors in one row.</summary>
    private Dictionary<string, double[]> Thin(string[] group, int source, Func<double[], double[]> thin)
    {
        group = [.. group.Order(StringComparer.Ordinal)];
        double[] all = thin([.. group.SelectMany(name => Delta(source, name))]);
        var kept = new Dictionary<string, double[]>();
        int at = 0;
        foreach (string name in group)
        {
            int count = Delta(source, name).Length;
            kept.Add(name, all[at..(at += count)]);
        }

        return kept;
    }

    private void Check(
        string method, string scope, string parameters, bool hasConsensus, bool normalizes, bool rescales, Func<double[], double[]>? thin)
    {
        _folder.Merge(Head(method, $"scope: {scope}, {parameters}"), options: new RunOptions { Overwrite = true });
        foreach (string name in Names)
        {
            string[] group = GroupOf(name, scope);
            double[][] deltas = [.. Weights.Select((_, source) => Delta(source, name))];
            Dictionary<string, double[]>[] kept =
            [
                .. Weights.Select((_, source) => thin is not null
                    ? Thin(group, source, thin)
                    : group.ToDictionary(other => other, other => ReferenceSparse.Random(Delta(source, other), 0.4, other, source, 5))),
            ];
            double[] factors =
            [
                .. Weights.Select((_, source) => rescales
                    ? group.Sum(other => Delta(source, other).Sum(Math.Abs)) / kept[source].Values.Sum(values => values.Sum(Math.Abs))
                    : 1),
            ];

            // The reference knows norms of one tensor only: what it is given is rescaled already.
            double[][] ofTensor = [.. kept.Select((source, k) => source[name].Select(value => factors[k] * value).ToArray())];
            AssertTensor(name, ReferenceSparse.Merge(_folder.Values("base", name), deltas, ofTensor, Weights, 1, hasConsensus, normalizes, rescales: false));
        }
    }

    private void AssertTensor(string name, double[] expected) => TestVectors.AssertNear(_folder.Values("out", name), expected, 3e-7, name);
}
