using System.Security.Cryptography.X509Certificates;
using DemEngine.Tests.Stores;

namespace DemEngine.Cli.Tests;

/// <summary>What commands do with models that are on a server.</summary>
public sealed class StoreCommandTests
{
    private ModelFamily _family = null!;
    private ServedFolder _served = null!;

    [OneTimeSetUp]
    public void MakeFamily()
    {
        _family = new ModelFamily("tiny", sources: 1);
        _served = new ServedFolder(_family.Folder);
    }

    [OneTimeTearDown]
    public void DeleteFamily()
    {
        _served.Dispose();
        _family.Dispose();
    }

    [Test]
    public void A_model_on_a_server_is_inspected_compared_measured_verified_and_converted()
    {
        string there = _served.AddressOf("base");
        Assert.That(Dem.Run("inspect", there).Expect(0).Output, Does.StartWith(there));
        Dem.Run("diff", _family.PathOf("base"), there, "--exit-code").Expect(0);
        Dem.Run("verify", there).Expect(0);
        Dem.Run("distance", "--base", there, _family.PathOf("tuned 1")).Expect(0);
        Dem.Run("convert", there, "--out", _family.PathOf("copy")).Expect(0);
        Dem.Run("diff", _family.PathOf("base"), _family.PathOf("copy"), "--exit-code").Expect(0);
    }

    [Test]
    public void Errors_and_notes_name_the_address_and_not_the_local_copy()
    {
        string index = Path.Combine(_family.PathOf("broken"), "model.safetensors.index.json");
        Dem.Run("convert", _family.PathOf("base"), "--out", _family.PathOf("broken")).Expect(0);
        File.WriteAllText(index, "{");
        CommandResult result = Dem.Run("convert", _served.AddressOf("broken"), "--out", _family.PathOf("none"), "--json");
        Assert.That(result.Json.GetProperty("error").GetProperty("message").GetString(), Does.Contain($"{_served.AddressOf("broken")}/model.safetensors.index.json"));
        Assert.That(result.Output + result.Error, Does.Not.Contain(Path.GetTempPath() + "dem-stores"));
    }

    [Test]
    public void A_command_that_needs_a_folder_on_disk_refuses_an_address()
    {
        string address = "s3://bucket/out";
        Dem.Run("synth", "--shape", "tiny", "--seed", "1", "--out", address).ExpectError(ErrorCode.NotInStore, address);
        Dem.Run("sweep", _family.Recipe, "--set", "lambda=0.5", "--out", address).ExpectError(ErrorCode.NotInStore, address);
        Dem.Run("convert", _family.PathOf("base"), $"{address}.safetensors", "--single-file").ExpectError(ErrorCode.NotInStore, address);
        Assert.That(Directory.Exists("s3:"), Is.False);
    }

    [Test]
    [Platform(Include = "Linux")]
    public void A_certificate_that_is_not_trusted_is_trusted_once_the_environment_names_it()
    {
        using X509Certificate2 certificate = OwnCertificate.Make();
        using var served = new ServedFolder(_family.Folder, certificate);
        string file = _family.Write("authority.pem", certificate.ExportCertificatePem());
        DemProcess.Run(Trusting(file), "inspect", served.AddressOf("base")).Expect(0);
        DemProcess.Run(Trusting(file + "-gone"), "inspect", served.AddressOf("base"))
            .ExpectError(ErrorCode.StoreNotTrusted, "authority.pem-gone");
    }

    private static Dictionary<string, string> Trusting(string file) => new() { ["SSL_CERT_FILE"] = file };

    [Test]
    public void An_id_that_no_cache_has_is_shown_as_an_address_of_the_hub()
    {
        string recipe = _family.Write("of the hub.yaml", "merge_method: linear\nmodels: [{model: org/none-of-these}, {model: base}]");
        foreach (CommandResult result in new[] { Dem.Run("inspect", "org/none-of-these"), Dem.Run("merge", recipe, _family.PathOf("hub")) })
        {
            Assert.That(result.Expect(2).ErrorLines[0], Does.StartWith("error DEM2001: "));
            Assert.That(result.ErrorLines[1], Does.Contain("hf://org/none-of-these ").And.Contain("`hf download org/none-of-these`"));
        }
    }

    [Test]
    public void An_address_of_an_unknown_kind_is_refused_with_the_kinds_that_are_known() =>
        Dem.Run("inspect", "gs://bucket/model").ExpectError(ErrorCode.BadStoreAddress, "hf://, http://, https://, s3://");
}
