using System.Collections.Immutable;
using DemEngine.Merging.Inputs;
using DemEngine.Methods.Definition;
using DemEngine.Numerics.Deltas;

namespace DemEngine.Merging.Statistics;

/// <summary>
/// Finds cuts with given numbers of elements above them, exactly and without sorting, by radix selection: passes count the keys in the bins of
/// a window and narrow it to one bin, until it shows a single key; where a cut divides equal keys these are counted tile by tile,
/// along with the key or in a last pass, so that the last that is above it is known by its index. Counts are whole numbers, so that no order shows.
/// </summary>
/// <remarks>
/// Of many elements a sample is counted first and says where to look. What is above that window is counted too, so that a wrong guess is noticed, and
/// the search starts with all keys. Differences of short numbers have few different keys: a bin often shows only one, and one pass is enough.
/// Several tensors may be searched together: their elements are then numbered through, in the order of the members. Each has its own
/// cuts in the end, which differ in the index of the last tie.
/// </remarks>
internal sealed class RadixSelect : StatisticsGroup
{
    // Counts of tiles are kept where all of them take no more than 4 MiB a window.
    private const long MaxTileCounts = 1 << 20;

    private readonly ImmutableArray<RadixSelectTensor> _members;
    private readonly ImmutableArray<ThresholdRequest> _requests;
    private readonly long _elements;
    private readonly int _samplePasses;
    private RadixSelectStep[] _steps = [];
    private Lazy<BinCounts> _counts;
    private long _tiles;

    /// <param name="members">What is measured for each tensor; all ask for the same cuts.</param>
    public RadixSelect(ImmutableArray<RadixSelectTensor> members)
        : base(members.Length, PassesOver(members[0].Measurement, members.Sum(member => member.Inputs.Elements)))
    {
        _members = members;
        _requests = members[0].Measurement.Requests;
        _elements = members.Sum(member => member.Inputs.Elements);
        _samplePasses = IsSampled(members[0].Measurement, _elements) ? 1 : 0;
        Windows =
        [
            .. _requests.GroupBy(request => request.Stream).OrderBy(stream => stream.Key).SelectMany(stream => stream.Any(request => request.NeedsNonZero)
                ? (KeyWindow[])[First(stream.Key), RadixSelectStep.Zeros(stream.Key)]
                : [First(stream.Key)]),
        ];
        _counts = NewCounts();
    }

    /// <summary>What is counted in the pass under way; nothing if all is known.</summary>
    public ImmutableArray<KeyWindow> Windows { get; private set; }

    /// <summary>What of it is kept for each tile.</summary>
    public ImmutableArray<TileCounts> Kept { get; private set; } = [];

    /// <summary>Passes that usually read all elements: the others look at a sample, or find what the guess has missed.</summary>
    public static int UsualPasses(ThresholdStatistic measurement) => NeedsTotals(measurement) ? 3 : 1;

    public override StatisticsPass Start(int pass, int member, int tileElements)
    {
        var started = new RadixSelectPass(this, pass, _members[member], tileElements)
        {
            Sample = pass < _samplePasses ? new RadixSelectSample(_elements) : null,
            IsUsual = pass >= _samplePasses && pass < _samplePasses + UsualPasses(_members[member].Measurement),
        };
        if (pass == 0)
        {
            _tiles += started.TileCount;
            Kept = Keep();
        }

        return started;
    }

    /// <summary>Where the calling thread counts so many keys.</summary>
    public uint[] TableFor(int keys) => _counts.Value.TableFor(keys);

    /// <summary>Where a window's bins start among all bins.</summary>
    public int StartOf(KeyWindow window) => Windows.TakeWhile(other => other != window).Sum(other => other.Counts);

    protected override void FinishPass(int pass, ITileContext workspace)
    {
        if (!Windows.IsEmpty)
        {
            long[] counts = _counts.IsValueCreated ? _counts.Value.Total() : new long[Windows.Sum(window => window.Counts)];
            if (pass < _samplePasses)
                Guess(counts);
            else if (pass < PassCount - 1)
                Narrow(pass, counts);
            else
                KeepTies();
            if (_counts.IsValueCreated)
                _counts.Value.Dispose();
        }

        if (pass == PassCount - 1)
        {
            Complete(workspace);
            return;
        }

        Look(pass);
        _counts = NewCounts();
    }

    private static bool IsSampled(ThresholdStatistic measurement, long elements) =>
        elements >= RadixSelectSample.MinElements && !NeedsTotals(measurement);

    /// <summary>Whether what is wanted depends on all keys, so that a sample tells nothing.</summary>
    private static bool NeedsTotals(ThresholdStatistic measurement) => measurement.Requests.Any(request => request.NeedsNonZero);

    /// <summary>The sample, a pass for the guess, what narrows if that is wrong, and one for ties.</summary>
    private static int PassesOver(ThresholdStatistic measurement, long elements) =>
        (IsSampled(measurement, elements) ? 2 : 0) + RadixSelectStep.Narrowings(elements) + 1;

    /// <summary>The window of the first pass. Of a sample nothing is said of single keys.</summary>
    private KeyWindow First(int stream) => RadixSelectStep.Everything(stream, _elements) with { CountsFirsts = _samplePasses == 0 };

    private void Guess(long[] counts)
    {
        _steps = [.. _requests.Select(request => RadixSelectStep.Start(request, new KeyTotals(_elements, _elements)))];
        for (int r = 0; r < _steps.Length; r++)
        {
            if (_steps[r].Found is null)
                _steps[r] = _steps[r].Guess(Counts(counts, First(_requests[r].Stream)), _steps[r].Wanted / (double)_elements);
        }
    }

    private void Narrow(int pass, long[] counts)
    {
        if (pass == 0)
            _steps = [.. _requests.Select(request => RadixSelectStep.Start(request, new KeyTotals(_elements, _elements - Zeros(request, counts))))];
        for (int r = 0; r < _steps.Length; r++)
        {
            KeyWindow window = _steps[r].Window;
            if (!IsOpen(_steps[r]))
                continue;

            long above = _steps[r].IsGuess ? Counts(counts, _steps[r].Above)[0] : 0;
            _steps[r] = _steps[r].Narrow(Counts(counts, window), above, _requests[r].DividesTies, _elements, out int bin);
            if (_steps[r].IsKeyKnown && Kept.FirstOrDefault(kept => kept.Start == StartOf(window)) is { Length: > 0 } kept)
                KeepTies(r, kept.At + bin);
        }
    }

    private void KeepTies(int request, int at)
    {
        foreach (RadixSelectTensor member in _members)
            member.KeepTies(request, at);
    }

    /// <summary>Of the last pass, which counts the ties that are not known yet.</summary>
    private void KeepTies()
    {
        for (int r = 0; r < _steps.Length; r++)
        {
            if (_steps[r].Found is null && !_members[0].HasTies(r))
                KeepTies(r, Kept.First(kept => kept.Start == StartOf(_steps[r].Window)).At);
        }
    }

    /// <summary>What the pass after this one counts.</summary>
    private void Look(int pass)
    {
        bool isLast = pass + 1 == PassCount - 1;
        RadixSelectStep[] open = isLast
            ? [.. _steps.Where((step, r) => step.Found is null && !_members[0].HasTies(r))]
            : [.. _steps.Where(IsOpen)];
        Windows = InOrder([.. open.Select(step => step.Window), .. open.Where(step => step.IsGuess).Select(step => step.Above)]);
        Kept = Keep();
    }

    /// <summary>Of windows in which ties may be found: of a single key, always; else if there are not too many bins in all tiles together.</summary>
    private ImmutableArray<TileCounts> Keep()
    {
        if (_steps.Length == 0 && _samplePasses > 0)
            return [];

        var kept = ImmutableArray.CreateBuilder<TileCounts>();
        int at = 0;
        foreach (KeyWindow window in Windows.Where(window => window.Bins == 1 || window.Bins * _tiles <= MaxTileCounts))
        {
            kept.Add(new TileCounts(StartOf(window), window.Bins, at));
            at += window.Bins;
        }

        return kept.ToImmutable();
    }

    /// <summary>Whether the key of a cut is not known yet.</summary>
    private static bool IsOpen(RadixSelectStep step) => step.Found is null && !step.IsKeyKnown;

    private static ImmutableArray<KeyWindow> InOrder(IEnumerable<KeyWindow> windows) => [.. windows.Distinct().OrderBy(window => window.Stream)];

    private ReadOnlySpan<long> Counts(long[] counts, KeyWindow window) => counts.AsSpan(StartOf(window), window.Counts);

    private long Zeros(ThresholdRequest request, long[] counts) => request.NeedsNonZero ? counts[StartOf(RadixSelectStep.Zeros(request.Stream))] : 0;

    private void Complete(ITileContext workspace)
    {
        var results = new Threshold[_members.Length][];
        for (int m = 0; m < results.Length; m++)
            results[m] = new Threshold[_requests.Length];
        for (int r = 0; r < _requests.Length; r++)
        {
            long wanted = _steps[r].Wanted;
            for (int m = 0; m < _members.Length; m++)
            {
                if (_steps[r].Found is { } found)
                {
                    results[m][r] = found;
                    continue;
                }

                long ties = _members[m].TiesOf(r);
                long last = wanted <= 0 ? -1 : wanted >= ties ? long.MaxValue : _members[m].IndexOfTie(_steps[r].Window, r, wanted, workspace);
                results[m][r] = new Threshold(_steps[r].Window.First, last);
                wanted -= ties;
            }
        }

        for (int m = 0; m < _members.Length; m++)
            _members[m].Measurement.Complete([.. results[m]]);
    }

    private Lazy<BinCounts> NewCounts() => new(() => new BinCounts(Windows.Sum(window => window.Counts)));
}
