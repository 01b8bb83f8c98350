using System.Collections.Immutable;
using DemEngine.Search.Space;

namespace DemEngine.Search.Trials;

/// <summary>
/// Translates the trials of one problem to another. Sources are matched by their contents, whatever their names and order. A
/// source that only one of the problems has must have had the coefficient 0, or gets it.
/// </summary>
internal sealed class TrialTranslation
{
    private readonly int[] _placeInOld;
    private readonly int[] _lost;
    private readonly (string Old, string New)[] _sets;

    private TrialTranslation(SearchProblem from, SearchProblem to)
    {
        _placeInOld = [.. to.Sources.Select(source => IndexOf(from, source))];
        _lost = [.. Enumerable.Range(0, from.Sources.Length).Except(_placeInOld)];
        _sets = [.. to.Sets.Select(set => (from.Sets.First(old => old.Hash == set.Hash).Name, set.Name))];
    }

    /// <summary>Finds a translation; null if no trial of the first problem can be valid in the second.</summary>
    public static TrialTranslation? Find(SearchProblem from, SearchProblem to)
    {
        bool isSame = from.Setting.Hash == to.Setting.Hash && from.Judge.Hash == to.Judge.Hash;
        bool hasSets = to.Sets.All(set => from.Sets.Any(old => old.Hash == set.Hash));
        bool hasSources = to.ZeroIsAbsent
            || from.Sources.Select(source => source.Hash).SequenceEqual(to.Sources.Select(source => source.Hash));
        return isSame && hasSets && hasSources ? new TrialTranslation(from, to) : null;
    }

    /// <summary>Translates a trial; null if it is not valid in the other problem.</summary>
    public Trial? Apply(Trial trial)
    {
        if (_lost.Any(k => trial.Coefficients.BySource[k] is not [0]))
            return null;
        return trial with
        {
            Coefficients = new Coefficients(
                _placeInOld.Select(k => k < 0 ? [0.0] : trial.Coefficients.BySource[k].AsEnumerable())),
            Scores = !trial.Succeeded || _sets.Length == 0
                ? trial.Scores
                : [.. _sets.Select(set => new SetScore(set.New, trial[set.Old]))],
            Slopes = SlopesOf(trial),
        };
    }

    /// <summary>
    /// Translates the slopes. Those by a source that the trial did not have are not known, so that none are left.
    /// </summary>
    private ImmutableArray<SetSlopes> SlopesOf(Trial trial) =>
        trial.Slopes.IsEmpty || _placeInOld.Contains(-1)
            ? []
            :
            [
                .. _sets.Select(set => new SetSlopes(
                    set.New,
                    [.. _placeInOld.Select(k => trial.Slopes.First(slopes => slopes.Set == set.Old).BySource[k])])),
            ];

    private static int IndexOf(SearchProblem problem, Identity source)
    {
        for (int k = 0; k < problem.Sources.Length; k++)
        {
            if (problem.Sources[k].Hash == source.Hash)
                return k;
        }

        return -1;
    }
}
