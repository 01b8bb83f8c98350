using System.CommandLine;

namespace DemEngine.Cli.Options;

/// <summary>Options of commands that say something of each tensor.</summary>
internal static class Listing
{
    /// <summary>Makes the option to list each tensor in place of groups.</summary>
    public static Option<bool> NewAll() => new("--all")
    {
        Description = "List each tensor. Without it those that are alike share a line, and in JSON an entry of \"groups\".",
    };

    /// <summary>Makes the option to print a plan in place of carrying it out.</summary>
    public static Option<bool> NewDryRun() => new("--dry-run")
    {
        Description = "Print what would be read, made and written, and write nothing. Reads headers and samples only. "
            + "Exits with 1 if the disk has no room for it.",
    };
}
