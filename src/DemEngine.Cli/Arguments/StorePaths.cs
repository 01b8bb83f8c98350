using System.CommandLine;
using System.CommandLine.Parsing;
using DemEngine.Stores;

namespace DemEngine.Cli.Arguments;

/// <summary>
/// Refuses addresses of stores where only a path on disk is meant, before one is taken for a strange name of a folder.
/// </summary>
internal static class StorePaths
{
    // Their output is one model, which can be written into a store.
    private static readonly string[] WriteAnywhere = ["merge", "convert", "extract", "moe"];

    /// <summary>Refuses them.</summary>
    /// <param name="parsed">The request.</param>
    /// <exception cref="DemException">DEM1051 (NotInStore).</exception>
    public static void Refuse(ParseResult parsed)
    {
        foreach (SymbolResult child in parsed.CommandResult.Children)
        {
            (Type Type, string Name, IReadOnlyList<Token> Tokens) given = child switch
            {
                OptionResult option => (option.Option.ValueType, option.Option.Name, option.Tokens),
                ArgumentResult argument => (argument.Argument.ValueType, argument.Argument.Name, argument.Tokens),
                _ => (typeof(string), "", []),
            };
            bool isOutput = given.Name is "--out" or "out"
                && WriteAnywhere.Contains(parsed.CommandResult.Command.Name, StringComparer.Ordinal);
            if (isOutput || (given.Type != typeof(DirectoryInfo) && given.Type != typeof(FileInfo)))
                continue;
            if (given.Tokens.Select(token => token.Value).FirstOrDefault(FileStores.IsAddress) is { } address)
                throw OnDisk(address);
        }
    }

    /// <summary>Makes the error of an address where only a path on disk is meant.</summary>
    public static DemException OnDisk(string address) =>
        new(ErrorCode.NotInStore, $"{address}: here only a path on disk can be given") { Path = address };
}
