using System.Globalization;
using System.Text;
using DemEngine.Files;
using DemEngine.Merging.Output;

namespace DemEngine.ScaleOut;

/// <summary>The folder beside an output in which the parts of a plan are collected, each in a folder of its own.</summary>
/// <param name="output">Path of the output.</param>
internal sealed class PartsFolder(string output)
{
    private const string MarkName = "dem-plan-id";
    private const string PublishingName = "publishing";

    /// <summary>Path of the folder.</summary>
    public string Path { get; } = StagingDirectory.Beside(output, "dem-parts");

    /// <summary>Whether the output was about to be published, and may be.</summary>
    public bool IsPublishing => File.Exists(System.IO.Path.Combine(Path, PublishingName));

    /// <summary>Identity of the plan whose parts are collected here; null if there is none.</summary>
    /// <exception cref="DemException">DEM4003 (ReadFailed).</exception>
    public string? PlanId
    {
        get
        {
            string mark = System.IO.Path.Combine(Path, MarkName);
            try
            {
                return File.ReadAllText(mark).Trim();
            }
            catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
            {
                return null;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw new DemException(ErrorCode.ReadFailed, $"{mark}: {e.Message}", e) { Path = mark };
            }
        }
    }

    /// <summary>Checks that the parts of a plan are collected here.</summary>
    /// <param name="planId">Identity of the plan.</param>
    /// <exception cref="DemException">DEM1034 (OtherPlan), DEM1035 (PlanNotBegun).</exception>
    public void Require(string planId)
    {
        if (PlanId is not { } id)
            throw new DemException(ErrorCode.PlanNotBegun, $"{Path}: there is no such folder") { Path = Path };
        if (id != planId)
            throw new DemException(ErrorCode.OtherPlan, $"{Path}: these are parts of another plan") { Path = Path };
    }

    /// <summary>Path of a part's folder.</summary>
    /// <param name="part">Number of the part.</param>
    public string Of(int part) =>
        System.IO.Path.Combine(Path, string.Create(CultureInfo.InvariantCulture, $"part-{part:D5}"));

    /// <summary>Path of the folder of what a part measures beforehand.</summary>
    /// <param name="part">Number of the part.</param>
    public string MeasuredOf(int part) =>
        System.IO.Path.Combine(Path, string.Create(CultureInfo.InvariantCulture, $"measure-{part:D5}"));

    /// <summary>Creates the folder for a plan; the parts of the same plan stay.</summary>
    /// <param name="planId">Identity of the plan.</param>
    /// <exception cref="DemException">DEM4001 (DiskFull), DEM4002 (WriteFailed).</exception>
    public void Begin(string planId)
    {
        try
        {
            DurableFolder.Create(Path);
            OutputFile.Replace(
                System.IO.Path.Combine(Path, MarkName), file => file.Write(Encoding.UTF8.GetBytes(planId + "\n"), 0));
        }
        catch (Exception e) when (WriteError.Covers(e))
        {
            throw WriteError.From(e, Path);
        }
    }

    /// <summary>Notes that the output is about to be published.</summary>
    /// <exception cref="DemException">DEM4001 (DiskFull), DEM4002 (WriteFailed).</exception>
    public void BeginPublishing() => OutputFile.WriteWhole(System.IO.Path.Combine(Path, PublishingName), []);

    /// <summary>Deletes the folder with all parts.</summary>
    /// <exception cref="DemException">
    /// DEM1008 (OutputBusy): another process works on a part. DEM4002 (WriteFailed): the folder cannot be deleted.
    /// </exception>
    public void Discard()
    {
        string discarded = $"{Path}-discarded";
        try
        {
            if (Directory.Exists(discarded))
                Directory.Delete(discarded, recursive: true);
            foreach (string part in Directory.GetDirectories(Path))
                ClaimedPart.Claim(part).Dispose();

            // Half deleted under its own name it would look like parts that are not finished, or are another's.
            Directory.Move(Path, discarded);
            Directory.Delete(discarded, recursive: true);
        }
        catch (DirectoryNotFoundException) when (!Directory.Exists(Path))
        {
            // There is nothing to discard.
        }
        catch (Exception e) when (WriteError.Covers(e))
        {
            throw WriteError.From(e, Path);
        }
    }
}
