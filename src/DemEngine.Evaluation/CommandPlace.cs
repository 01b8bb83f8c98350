namespace DemEngine.Evaluation;

/// <summary>Where and for which trial an evaluation command runs: what its placeholders stand for beside the model.</summary>
/// <param name="Trial">Number of the trial, from 1; 1 where a single model is evaluated.</param>
/// <param name="Output">Folder for the command's own files, which is empty when the command begins.</param>
public sealed record CommandPlace(int Trial, string Output)
{
    /// <summary>
    /// Devices for the command, as <c>CUDA_VISIBLE_DEVICES</c> lists them, such as <c>0</c> or <c>2,3</c>; null to leave them to
    /// the command.
    /// </summary>
    public string? Devices { get; init; }
}
