using DemEngine.Analysis;
using DemEngine.Analysis.Folders;
using DemEngine.Checkpoints;
using DemEngine.Checkpoints.Pipelines;
using DemEngine.Merging.Options;

namespace DemEngine.Pipelines;

/// <summary>
/// Checks a pipeline that this tool wrote: its files by its own manifest, the tensors by those of its components.
/// </summary>
internal static class PipelineVerification
{
    /// <summary>Whether a folder is a pipeline that has a manifest.</summary>
    public static bool IsFor(string folder) =>
        PipelineFolder.IsRoot(folder) && File.Exists(Path.Combine(folder, Manifest.FileName));

    /// <summary>Checks a pipeline.</summary>
    /// <returns>One report of the whole, in which a tensor's name begins with its component and a slash.</returns>
    /// <exception cref="DemException">Any error of <see cref="Verification.Run"/>.</exception>
    public static VerifyReport Run(
        string folder, RunOptions options, Action<RunProgress>? progress = null, CancellationToken cancel = default)
    {
        Manifest manifest = Manifest.Read(folder);
        if (manifest.Operation != PipelineOutput.Operation || manifest.Files is not { } files)
            throw new DemException(ErrorCode.BadManifest, $"{folder}: the manifest is not that of a pipeline") { Path = folder };
        VerifiedFiles verified = FileVerification.Run(folder, files);
        (string Name, VerifyReport Report)[] components =
        [
            .. files.Where(file => file.Path.EndsWith($"/{Manifest.FileName}", StringComparison.Ordinal))
                .Select(file => Path.GetDirectoryName(file.Path)!)
                .Where(name => File.Exists(Path.Combine(folder, name, Manifest.FileName)))
                .Select(name => (name, Verification.Run(Path.Combine(folder, name), options, progress, cancel))),
        ];
        IEnumerable<string> Named(Func<VerifyReport, IEnumerable<string>> tensors) =>
            components.SelectMany(component => tensors(component.Report).Select(tensor => $"{component.Name}/{tensor}"));
        return new VerifyReport(
            folder,
            components.Sum(component => component.Report.Tensors),
            components.Sum(component => component.Report.Bytes),
            [.. Named(report => report.Differing)],
            [.. Named(report => report.Missing)],
            [.. Named(report => report.Extra)])
        {
            Files = verified,
        };
    }
}
