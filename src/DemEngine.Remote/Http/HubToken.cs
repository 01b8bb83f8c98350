namespace DemEngine.Remote.Http;

/// <summary>
/// The user's token for the Hugging Face Hub, where its own libraries keep it. It goes to the hub's own host and to no other.
/// </summary>
/// <remarks>https://huggingface.co/docs/huggingface_hub/package_reference/environment_variables</remarks>
internal static class HubToken
{
    /// <summary>Finds the token; null where there is none.</summary>
    /// <param name="options">The environment.</param>
    public static string? Find(HttpStoreOptions options)
    {
        if (options.IsSet("HF_HUB_DISABLE_IMPLICIT_TOKEN"))
            return null;
        string? given = options.Variable("HF_TOKEN") ?? options.Variable("HUGGING_FACE_HUB_TOKEN");
        if (given?.Trim() is { Length: > 0 } token)
            return IsToken(token) ? token : null;
        string home = options.Variable("HF_HOME")
            ?? Path.Combine(
                options.Variable("XDG_CACHE_HOME")
                    ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache"),
                "huggingface");
        try
        {
            string stored = File.ReadAllText(options.Variable("HF_TOKEN_PATH") ?? Path.Combine(home, "token")).Trim();
            return IsToken(stored) ? stored : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static bool IsToken(string text) => text.Length > 0 && text.All(c => c is > ' ' and < '\x7f');
}
