using System.Diagnostics;
using DemEngine.Training.Reports;

namespace DemEngine.Training.Runs;

/// <summary>Computes <see cref="TrainingProgress"/> from the steps taken and the time elapsed.</summary>
/// <param name="steps">Maximum number of steps of the whole run.</param>
/// <param name="first">State at which this process started or continued the run.</param>
internal sealed class ProgressMeter(long steps, TrainingState first)
{
    private readonly long _start = Stopwatch.GetTimestamp();

    public double Seconds => Stopwatch.GetElapsedTime(_start).TotalSeconds;

    public TrainingProgress At(TrainingStep step, TrainingState state)
    {
        double seconds = Math.Max(Seconds, 1e-9);
        long taken = Math.Max(1, state.Step - Math.Max(0, first.Step));
        return new TrainingProgress(
            step,
            steps,
            state,
            (state.Positions - first.Positions) / seconds,
            TimeSpan.FromSeconds(seconds / taken * (steps - state.Step)));
    }
}
