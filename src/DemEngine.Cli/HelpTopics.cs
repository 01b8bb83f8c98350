using DemEngine.Cli.Output;
using DemEngine.Cli.Shells;

namespace DemEngine.Cli;

/// <summary>Prints <c>dem help TOPIC</c>.</summary>
internal static class HelpTopics
{
    /// <summary>Names of the topics.</summary>
    public static IEnumerable<string> Names => HelpTexts.All.Keys.Prepend("errors");

    /// <summary>Prints the topic that is asked for.</summary>
    /// <returns>False if the words ask for something else.</returns>
    public static bool TryPrint(string[] args)
    {
        if (args is not ["--help" or "-h" or "-?" or "help", var topic, ..] || args.Skip(2).Any(word => !word.StartsWith('-')))
            return false;
        if (topic == "errors")
            ErrorCatalogue.Print();
        else if (topic == "topics")
            PrintTopics();
        else if (HelpTexts.All.TryGetValue(topic, out var text))
            Prose.PrintLines(text.Text);
        else
            return false;
        return true;
    }

    private static void PrintTopics()
    {
        Console.Out.WriteLine("dem help TOPIC, where TOPIC is a command, or");
        Console.Out.WriteLine();
        foreach (var (name, (title, _)) in HelpTexts.All.Prepend(
            KeyValuePair.Create("errors", (Title: "every error code, with its remedy", Text: ""))))
            Console.Out.WriteLine($"  {name,-14}{title}");
    }
}
