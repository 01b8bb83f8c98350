using System.CommandLine;

namespace DemEngine.Cli.Options;

/// <summary>The option of commands that say something of each tensor.</summary>
internal static class Listing
{
    /// <summary>Makes the option to list each tensor in place of groups.</summary>
    public static Option<bool> NewAll() => new("--all")
    {
        Description = "List each tensor. Without it those that are alike share a line, and in JSON an entry of \"groups\".",
    };
}
