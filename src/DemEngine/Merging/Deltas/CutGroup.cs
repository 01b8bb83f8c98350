using System.Collections.Immutable;
using DemEngine.Methods;
using DemEngine.Numerics.Deltas;

namespace DemEngine.Merging.Deltas;

/// <summary>
/// Finds cuts with given numbers of elements above them, exactly and without sorting, by radix selection: passes count the keys in the bins of
/// a window and narrow it to one bin, until it shows a single key; where a cut divides equal keys the last pass counts these tile by tile,
/// so that the last that is above it is known by its index. Counts are whole numbers, so that no order shows.
/// </summary>
/// <remarks>
/// Of many elements a sample is counted first and says where to look: in a window so narrow that one pass finds the key, and at one key whose ties
/// that pass counts along. What is above the window is counted too, so that a wrong guess is noticed, and the search starts with all keys.
/// Several tensors may be searched together: their elements are then numbered through, in the order of the members. Each has its own
/// cuts in the end, which differ in the index of the last tie.
/// </remarks>
internal sealed class CutGroup : MeasuringGroup
{
    private readonly ImmutableArray<CutMember> _members;
    private readonly ImmutableArray<CutRequest> _requests;
    private readonly long _elements;
    private readonly int _samplePasses;
    private CutStep[] _steps = [];
    private ImmutableArray<KeyWindow> _ties = [];
    private ImmutableArray<KeyWindow> _tiesCounted = [];
    private Lazy<BinCounts> _counts;

    /// <param name="members">What is measured for each tensor; all ask for the same cuts.</param>
    public CutGroup(ImmutableArray<CutMember> members)
        : base(members.Length, PassesOver(members[0].Measurement, members.Sum(member => member.Inputs.Elements)))
    {
        _members = members;
        _requests = members[0].Measurement.Requests;
        _elements = members.Sum(member => member.Inputs.Elements);
        _samplePasses = IsSampled(members[0].Measurement, _elements) ? 1 : 0;
        Windows =
        [
            .. _requests.GroupBy(request => request.Stream).OrderBy(stream => stream.Key).SelectMany(stream => stream.Any(request => request.NeedsNonZero)
                ? (KeyWindow[])[CutStep.Everything(stream.Key, _elements), CutStep.Zeros(stream.Key)]
                : [CutStep.Everything(stream.Key, _elements)]),
        ];
        _counts = NewCounts();
    }

    /// <summary>What is counted in the pass under way; nothing if all is known.</summary>
    public ImmutableArray<KeyWindow> Windows { get; private set; }

    /// <summary>Of which of these each tile's counts are kept.</summary>
    public ImmutableArray<int> Ties { get; private set; } = [];

    /// <summary>Passes over so many elements that usually read them, the sample not counted.</summary>
    public static int UsualPasses(CutMeasurement measurement, long elements) =>
        IsSampled(measurement, elements) ? 1 : CutStep.Narrowings(elements) + 1;

    public override MeasuringPass Start(int pass, int member, int tileElements) =>
        new CutPass(this, pass, _members[member], tileElements) { Sample = pass < _samplePasses ? new CutSample(_elements) : null, IsUsual = IsUsual(pass) };

    /// <summary>Where the calling thread counts so many keys.</summary>
    public uint[] TableFor(int keys) => _counts.Value.TableFor(keys);

    /// <summary>Where a window's bins start among all bins.</summary>
    public int StartOf(KeyWindow window) => Windows.TakeWhile(other => other != window).Sum(other => other.Bins);

    protected override void FinishPass(int pass, TileWorkspace workspace)
    {
        if (!Windows.IsEmpty)
        {
            long[] counts = _counts.IsValueCreated ? _counts.Value.Total() : new long[Windows.Sum(window => window.Bins)];
            if (pass < _samplePasses)
                Guess(counts);
            else if (pass < PassCount - 1)
                Narrow(pass, counts);
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

    private static bool IsSampled(CutMeasurement measurement, long elements) =>
        elements >= CutSample.FewestElements && !measurement.Requests.Any(request => request.NeedsNonZero);

    /// <summary>The sample, a pass for the guess, what narrows if that is wrong, and one for ties.</summary>
    private static int PassesOver(CutMeasurement measurement, long elements) =>
        (IsSampled(measurement, elements) ? 2 : 0) + CutStep.Narrowings(elements) + 1;

    private bool IsUsual(int pass) => _samplePasses == 0 || pass == _samplePasses;

    private void Guess(long[] counts)
    {
        _steps = [.. _requests.Select(request => CutStep.Start(request, new KeyTotals(_elements, _elements)))];
        var ties = new List<KeyWindow>();
        for (int r = 0; r < _steps.Length; r++)
        {
            if (_steps[r].Found is not null)
                continue;
            _steps[r] = _steps[r].Guess(Counts(counts, _steps[r].Window), _steps[r].Wanted / (double)_elements, out KeyWindow likely);
            ties.Add(likely);
        }

        _ties = [.. ties.Distinct()];
    }

    private void Narrow(int pass, long[] counts)
    {
        if (pass == 0)
            _steps = [.. _requests.Select(request => CutStep.Start(request, new KeyTotals(_elements, _elements - Zeros(request, counts))))];
        if (!_ties.IsEmpty)
            _tiesCounted = _ties;
        for (int r = 0; r < _steps.Length; r++)
        {
            if (IsOpen(_steps[r]))
            {
                long above = _steps[r].IsGuess ? Counts(counts, _steps[r].Above)[0] : 0;
                _steps[r] = _steps[r].Narrow(Counts(counts, _steps[r].Window), above, _requests[r].DividesTies, _elements);
            }
        }
    }

    /// <summary>What the pass after this one counts.</summary>
    private void Look(int pass)
    {
        CutStep[] open = [.. _steps.Where(IsOpen)];
        if (pass + 1 < PassCount - 1)
        {
            if (!open.Any(step => step.IsGuess))
                _ties = [];
            Windows = InOrder([.. open.Select(step => step.Window), .. open.Where(step => step.IsGuess).Select(step => step.Above), .. open.Length > 0 ? _ties : []]);
        }
        else
        {
            KeyWindow[] dividing = [.. _steps.Where(step => step.Found is null).Select(step => step.Window).Distinct()];
            if (dividing.Except(_tiesCounted).Any())
                _ties = _tiesCounted = InOrder(dividing);
            else
                _ties = [];
            Windows = _ties;
        }

        Ties = [.. _ties.Intersect(Windows).Select(StartOf)];
    }

    /// <summary>Whether the key of a cut is not known yet.</summary>
    private static bool IsOpen(CutStep step) => step.Found is null && (step.IsGuess || step.Window.Bins > 1);

    private static ImmutableArray<KeyWindow> InOrder(IEnumerable<KeyWindow> windows) => [.. windows.Distinct().OrderBy(window => window.Stream)];

    private ReadOnlySpan<long> Counts(long[] counts, KeyWindow window) => counts.AsSpan(StartOf(window), window.Bins);

    private long Zeros(CutRequest request, long[] counts) => request.NeedsNonZero ? counts[StartOf(CutStep.Zeros(request.Stream))] : 0;

    private void Complete(TileWorkspace workspace)
    {
        var results = new Cut[_members.Length][];
        for (int m = 0; m < results.Length; m++)
            results[m] = new Cut[_requests.Length];
        for (int r = 0; r < _requests.Length; r++)
        {
            long wanted = _steps[r].Wanted;
            int window = _tiesCounted.IndexOf(_steps[r].Window);
            for (int m = 0; m < _members.Length; m++)
            {
                if (_steps[r].Found is { } found)
                {
                    results[m][r] = found;
                    continue;
                }

                long ties = _members[m].Ties(window);
                long last = wanted <= 0 ? -1 : wanted >= ties ? long.MaxValue : _members[m].IndexOfTie(_steps[r].Window, window, wanted, workspace);
                results[m][r] = new Cut(_steps[r].Window.First, last);
                wanted -= ties;
            }
        }

        for (int m = 0; m < _members.Length; m++)
            _members[m].Measurement.Complete([.. results[m]]);
    }

    private Lazy<BinCounts> NewCounts() => new(() => new BinCounts(Windows.Sum(window => window.Bins)));
}
