using DemEngine.Memory;
using DemEngine.Merging.Inputs;
using DemEngine.Merging.Statistics;
using DemEngine.Merging.Tensors;
using DemEngine.Numerics;

namespace DemEngine.Merging.Planning;

/// <summary>
/// A tensor made from the results of upstream recipes. Those results are computed part by part along with it and are not written
/// to disk; the statistics that they need are computed first.
/// </summary>
/// <param name="tensor">The tensor that is made from the results.</param>
/// <param name="results">Tensors of the upstream results, each after those that it is made from.</param>
internal sealed class ChainedTensor(OutputTensor tensor, IReadOnlyList<UpstreamTensor> results) : OutputTensor(tensor.Spec)
{
    private readonly OutputTensor[] _stages = [.. results.Select(result => result.Tensor)];
    private bool _isMeasured;

    public override IReadOnlyList<TensorReader> Inputs => tensor.Inputs;

    public override IEnumerable<TensorReader> GivenToBackend =>
        _stages.Append(tensor).SelectMany(made => made.GivenToBackend).Distinct();

    public override string Operation => string.Concat(results.Select(Describe)) + tensor.Operation;

    public override IEnumerable<PlannedSource> Sources => tensor.Sources;

    public override long StatisticsElements => _stages.Sum(stage => stage.StatisticsElements) + tensor.StatisticsElements;

    public override long BytesRead =>
        tensor.BytesRead + _stages.Sum(stage => InputCost.Of(stage.Inputs).ElementBytes * stage.StatisticsElements);

    public override IEnumerable<TensorReader> ReadAgain => _stages.Append(tensor).SelectMany(made => made.ReadAgain).Distinct();

    public override long ReadMargin => _stages.Sum(stage => stage.ReadMargin) + tensor.ReadMargin;

    public override int RankBuffers => _stages.Sum(stage => stage.RankBuffers) + tensor.RankBuffers;

    public override string? Remark => tensor.Remark;

    public override bool IsLost => tensor.IsLost;

    public override IReadOnlyList<StatisticsPass> StartPasses(int tileElements)
    {
        var passes = new List<StatisticsPass>();
        foreach (OutputTensor stage in _stages)
        {
            IReadOnlyList<StatisticsPass> ofStage = stage.StartPasses(tileElements);
            passes.AddRange(ofStage.Select((pass, k) => new StagePass(pass, stage, isLast: k == ofStage.Count - 1)));
        }

        IReadOnlyList<StatisticsPass> own = tensor.StartPasses(tileElements);
        _isMeasured = own.Count > 0;
        return [.. passes, .. own];
    }

    public override void Solve()
    {
        // A tensor without passes of its own is solved already.
        if (_isMeasured)
            tensor.Solve();
    }

    public override NonFinite Produce(long first, TypedBytes output, ITileContext workspace) =>
        tensor.Produce(first, output, workspace);

    public override void WillNeed(long first, long count) => tensor.WillNeed(first, count);

    /// <summary>Returns the formula of an upstream result with a legend of its own letters.</summary>
    private string Describe(UpstreamTensor result)
    {
        string Within(string model, string name) => name == Spec.Name ? model : $"{model} {name}";
        IEnumerable<string> letters = result.Tensor.Sources
            .Select(source => $"{source.Symbol} = {Within(source.Model, source.Tensor)}");
        return $"{Within(result.Stage, result.Tensor.Spec.Name)} = {result.Tensor.Operation} [{string.Join(", ", letters)}]; ";
    }

    /// <summary>
    /// A statistics pass over the inputs of an upstream tensor. The upstream tensor is solved after its last pass.
    /// </summary>
    private sealed class StagePass(StatisticsPass pass, OutputTensor stage, bool isLast)
        : StatisticsPass(pass.Parts, pass.TileElements)
    {
        public override long? ElementBytes => pass.ElementBytes ?? InputCost.Of(stage.Inputs).ElementBytes;

        public override void Measure(int tile, long first, int count, ITileContext workspace) =>
            pass.Measure(tile, first, count, workspace);

        public override void Finish(ITileContext workspace)
        {
            pass.Finish(workspace);
            if (isLast)
                stage.Solve();
        }
    }
}
