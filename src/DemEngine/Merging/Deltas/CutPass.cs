namespace DemEngine.Merging.Deltas;

/// <summary>One tensor's part of a pass of a <see cref="CutGroup"/>.</summary>
internal sealed class CutPass(CutGroup group, int pass, CutMember member, int tileElements)
    : MeasuringPass(member.Inputs.Parts, tileElements)
{
    private readonly Lock _lock = new();
    private bool _started;

    public override void Measure(int tile, long first, int count, TileWorkspace workspace)
    {
        var windows = group.Windows;
        if (windows.IsEmpty)
            return;

        if (pass < CutGroup.TiePass)
        {
            member.Count(windows, first, count, group.TableFor(count), workspace);
            return;
        }

        Start();
        member.Count(windows, first, count, member.TiesOf(tile), workspace);
    }

    public override void Finish(TileWorkspace workspace)
    {
        if (pass == CutGroup.TiePass)
            Start();
        group.MemberFinished(pass, workspace);
    }

    /// <summary>Not before the first tile, since the windows are those that the pass before has found.</summary>
    private void Start()
    {
        lock (_lock)
        {
            if (!_started)
                member.StartTies(this, group.Windows.Length);
            _started = true;
        }
    }
}
